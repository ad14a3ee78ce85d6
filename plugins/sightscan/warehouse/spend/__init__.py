"""The ledger of paid calls, prices, budgets."""
