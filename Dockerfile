# syntax=docker/dockerfile:1
# healthmon: `runtime` is what a control room runs; `demo` adds the simulated estate.
# Linted, but built by no test: they reach no registry. They run the image of `make image`, which needs none.
FROM python:3.12.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
RUN python -m venv /opt/healthmon
WORKDIR /src
COPY requirements.runtime.lock ./
RUN /opt/healthmon/bin/pip install --require-hashes -r requirements.runtime.lock
COPY requirements.lock ./
RUN python -m venv /opt/build && /opt/build/bin/pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY healthmon ./healthmon
COPY exporters ./exporters
COPY dashboards ./dashboards
COPY docs ./docs
RUN /opt/build/bin/python -m hatchling build -t wheel -d /wheel \
    && /opt/healthmon/bin/pip install --no-deps --no-index /wheel/*.whl

FROM build AS demo-build
RUN /opt/healthmon/bin/pip install --require-hashes -r requirements.lock

FROM python:3.12.11-slim-bookworm AS base
ENV PATH=/opt/healthmon/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    STATE_DIRECTORY=/var/lib/healthmon HEALTHMON_CONFIG=/etc/healthmon/config.yaml
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin healthmon \
    && install -d -o 10001 -g 10001 -m 0750 /var/lib/healthmon \
    && install -d -m 0755 /etc/healthmon
USER 10001:10001
VOLUME /var/lib/healthmon
STOPSIGNAL SIGTERM
# Tests whether the checks go on, not only whether the agent answers. With TLS and users, write your own healthcheck.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:9877/-/healthy', timeout=8)"]
ENTRYPOINT ["healthmon"]

FROM base AS demo
COPY --from=demo-build /opt/healthmon /opt/healthmon
CMD ["demo"]

FROM base AS runtime
COPY --from=build /opt/healthmon /opt/healthmon
CMD ["run"]
