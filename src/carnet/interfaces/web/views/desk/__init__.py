"""The pages of the professional's desk."""
