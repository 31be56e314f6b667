"""Times, errors and memory of Mish and of its peers, each peer in a process of its own."""
