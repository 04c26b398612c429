"""The command line: one small file per noun, imported only when its verb is used."""
