"""Evidence: intake, receipts, custody, and exports that verify offline."""
