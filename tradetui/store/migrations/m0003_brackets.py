"""Step 3: families of orders. Which order brings this one to life, and which others end with it."""

SQL = """
ALTER TABLE intents ADD COLUMN parent_id TEXT NOT NULL DEFAULT '';
ALTER TABLE intents ADD COLUMN oca_group TEXT NOT NULL DEFAULT '';
"""
