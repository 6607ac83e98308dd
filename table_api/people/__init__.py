"""Who a subject is and which cost centre pays, from which day. Imports `storage` alone."""
