# The one image of consumers, jobs and UI. Azure Container Registry builds it (bicep/hooks); by hand:
# docker build --tag chargeback .
# uv.lock has a hash of every package. The last stage has no uv, no pip cache and no compiler.
ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b

FROM ${PYTHON_IMAGE} AS packages
ENV UV_PYTHON_DOWNLOADS=never \
    UV_LINK_MODE=copy \
    UV_COMPILE_BYTECODE=1 \
    UV_PROJECT_ENVIRONMENT=/app/.venv
WORKDIR /build
COPY bicep/image/uv.txt ./
RUN pip install --no-cache-dir --require-hashes --only-binary :all: --requirement uv.txt
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-default-groups --no-install-project --no-build --no-cache

FROM ${PYTHON_IMAGE}
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /app
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin chargeback
COPY --from=packages /app/.venv .venv
COPY command_line command_line
COPY pricing_rules pricing_rules
COPY telemetry telemetry
COPY table_api table_api
COPY consumers consumers
COPY ui ui
COPY bicep/price_books price_books
USER 10001
CMD ["python", "-m", "consumers", "--help"]
