"""What judges results: the formats, the inputs where Mish goes wrong, sweeps over many inputs."""
