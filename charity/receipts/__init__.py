"""捐赠确认书: frozen rows, gap-free numbers, PDF, verification. Never the state's bill."""
