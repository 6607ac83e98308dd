"""What people see: Streamlit pages over the HTTP API. Owns no data and no arithmetic of money."""
