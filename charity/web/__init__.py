"""Pages: guards, forms, errors, filters, and one folder for each audience."""
