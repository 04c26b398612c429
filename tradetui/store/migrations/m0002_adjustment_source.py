"""Step 2: adjustments that move units from one owner to another, and what one point of a unit is worth."""

SQL = """
ALTER TABLE adjustments ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE adjustments ADD COLUMN multiplier REAL NOT NULL DEFAULT 1.0;
"""
