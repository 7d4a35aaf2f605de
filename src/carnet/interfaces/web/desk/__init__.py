"""The professional's desk beside its views: who is there, its addresses, forms, rows and sentences."""
