"""Models in the form that another runtime takes."""
