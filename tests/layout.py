"""The order of the tree, read from left to right: a name imports only names to its left.

Names in one bracket import none of each other. A name is a folder or a module of its package, and
a module belongs to the longest name that it starts with.
"""

MAY_IMPORT: dict[str, set[str]] = {
    "command_line": set(),
    "pricing_rules": {"command_line", "telemetry"},
    "telemetry": set(),
    "table_api": {"command_line", "pricing_rules", "telemetry"},
    "consumers": {"command_line", "pricing_rules", "telemetry", "table_api"},
    "ui": {"command_line"},
    "chargeback_client": {"command_line"},
    "apim_policies": {"command_line"},
    "local_stack": {
        "command_line", "pricing_rules", "telemetry", "table_api", "consumers", "apim_policies",
    },
    "chargeback": {
        "command_line", "pricing_rules", "telemetry", "table_api", "consumers", "ui",
        "apim_policies", "local_stack", "chargeback_client",
    },
    "docs_site": {"table_api"},
    "bicep": {"telemetry", "table_api", "consumers", "ui"},
}  # fmt: skip
"""What each package may import of the others; benchmarks and tests may import all."""

COMMANDS = {"verbs", "app", "__main__"}
"""Only modules under these names know the command line: Typer, and what commands share."""

ORDER = {
    "pricing_rules": """
        errors money units  types  provider_usage  decoding  price_book  engine  price_sources
        verbs  __main__
    """,
    "table_api": """
        errors formulas  storage  [consumer_state ledger open_calls people prices]  owners  usage
        monthly  audit  [completeness rerating publishing]
        invoicing  http_api.access.settings  settings
        invoicing.snapshots  invoicing.documents  [invoicing.formats invoicing.focus]
        invoicing.closing  invoicing.verification
        http_api.conventions  http_api.access  [http_api.visible http_api.lists]
        [http_api.usage http_api.calls http_api.status http_api.people http_api.reratings
         http_api.invoices http_api.access_log http_api.prices http_api.telemetry]
        http_api.me  http_api  verbs  [function_app __main__]
    """,
    "consumers": """
        errors log_actions  setting_values  settings  [gateway_log receiving]
        dead_letters  running  [metering pairing gateway_check]  rerating  replay
        backup  verbs  __main__
    """,
    "ui": """
        period format chart_style  api  figures  address  rows.row_order
        [chosen_values view_top]  rows  parts
        [filters export saved_views]  page_parts  usage_views  [app_pages operator_pages]
        [streamlit_app return_address own_address hardening]  server  app
    """,
    "local_stack": """
        errors  broker.errors  broker.config  broker.amqp  [broker.faults broker.store]
        broker.serving  broker.strikes  broker.broker  broker.admin  broker.listening  broker
        traffic  [identity insights]  [model send gateway.reporting]  gateway  demo  app
        [broker.__main__ send.__main__ demo.__main__ identity.__main__
         insights.__main__]
    """,
    "telemetry": """
        [names log metrics settings]  spans  exporting  queries  [console workbook setup]
    """,
    "bicep": """
        [hooks settings check function_requirements]  reads  check.finding  check.language
        [check.deployment check.start check.rules check.roles check.settings_passed check.gateway
         check.other_files check.extract_types check.graph check.services]
        check.wiring
        check.checkout  [check.__main__ page]
    """,
    "telemetry.queries": "[errors schema]  query_text  answers  logs_client",
    "telemetry.console": "documents  direct",
    "telemetry.workbook": "[pages alerts]  __main__",
    "local_stack.identity": """
        [errors accounts]  config  [key_ring pages]  [tokens grants]  [server ask]  foreground
        __main__
    """,
    "local_stack.insights": """
        [addresses errors]  tables  items  [store constructs timespan]  faults
        [ingestion query]  server  foreground  __main__
    """,
    "local_stack.broker.serving": """
        [addresses responses namespace]  peer  [cbs management links]
        [requests consumer_link producer_link]  attach  session  connection
    """,
}

WALLS = {
    "table_api.audit": {"table_api.storage", "table_api.errors", "table_api.audit"},
    "table_api.open_calls": {"table_api.storage", "table_api.errors", "table_api.open_calls"},
    "table_api.consumer_state": {
        "table_api.storage", "table_api.errors", "table_api.consumer_state",
    },
    "table_api.ledger": {"table_api.storage", "table_api.errors", "table_api.ledger"},
    "table_api.prices": {"table_api.storage", "table_api.errors", "table_api.prices"},
    "table_api.invoicing.verification.lines": {
        "table_api.invoicing.verification.findings", "table_api.invoicing.verification.focus",
    },
    "table_api.invoicing.verification.focus": {
        "table_api.invoicing.verification.findings", "table_api.invoicing.verification.lines",
    },
    "table_api.http_api.conventions": {
        "table_api.errors", "table_api.ledger", "table_api.http_api.conventions",
    },
    "consumers.receiving": {"table_api.errors", "table_api.consumer_state"},
    "consumers.gateway_log": {"table_api.open_calls"},
}  # fmt: skip
"""What these import of table_api, and nothing else of it."""

READ_CHAIN_COLUMNS = {"table_api.ledger.entries", "table_api.ledger.recorded_call"}
"""These alone look into a LedgerEntry's `row`; all others use its typed facts."""

OPEN_STORAGE = {
    "table_api.storage.pipeline", "table_api.storage.azure_blobs",
    "consumers.receiving.checkpoints", "telemetry.queries.logs_client",
    "consumers.backup.azure_copies",
}  # fmt: skip
"""These modules of the product alone import a storage SDK, or the pipeline below it as the last
one does. All others ask `table_api.storage.connection` for an account."""

READ_ENVIRONMENT = {
    "table_api.function_app", "ui.api.connection", "ui.app", "ui.server", "telemetry.setup",
    "local_stack.demo.run",
}  # fmt: skip
"""These modules and any `__main__` alone read `os.environ`."""
