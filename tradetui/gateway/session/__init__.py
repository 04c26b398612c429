"""Client sessions of the paper gateway: what each request means and how the venue's answers reach the wire."""
