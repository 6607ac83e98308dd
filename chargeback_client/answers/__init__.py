"""What the API answers.

Made from the OpenAPI document by `python -m chargeback.client_code`.
"""
