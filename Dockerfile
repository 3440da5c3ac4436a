# tierwise in a container: two stages, requirements locked by hash, no root, a read-only file system if you like.
#
# This file has NOT been built where it was written (no container engine there). Build and try it before you rely on it:
#
#   docker build -t tierwise .
#   docker run --rm --read-only --user 65532:65532 --cap-drop ALL --security-opt no-new-privileges \
#     -p 127.0.0.1:8080:8080 -v tierwise-data:/data -e TIERWISE_KEY -e MISTRAL_API_KEY tierwise
#
# Inside the container the proxy listens on 0.0.0.0, so it does not start without a client key: TIERWISE_KEY is the one
# that clients send as their API key. For one key a caller, and for your own routes, mount a file and name it:
#
#   ... -v "$PWD/tierwise.yaml:/etc/tierwise.yaml:ro" tierwise serve --config /etc/tierwise.yaml --listen 0.0.0.0:8080
#
# The ledger is /data/tierwise.db: keep /data on a volume. Nothing else is written.

# Pin the base by digest (python:3.13-slim@sha256:...) in the registry that you build from.
FROM python:3.13-slim AS build

ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONDONTWRITEBYTECODE=1

# What builds stays in a virtualenv of its own; the one that is shipped gets neither pip nor hatchling.
RUN python -m venv /opt/build && python -m venv --without-pip /opt/tierwise
WORKDIR /src

# The locks first: these layers are rebuilt only when a requirement changes.
COPY requirements/ requirements/
RUN /opt/build/bin/pip install --require-hashes -r requirements/build.lock \
    && /opt/build/bin/pip --python /opt/tierwise/bin/python install --require-hashes -r requirements/run.lock

# Then tierwise itself, from source, without asking an index for anything.
COPY pyproject.toml README.md LICENSE ./
COPY config/ config/
COPY classifier/ classifier/
COPY router/ router/
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /wheels . \
    && /opt/build/bin/pip --python /opt/tierwise/bin/python install --no-deps --no-index /wheels/tierwise-*.whl


FROM python:3.13-slim

ENV PATH=/opt/tierwise/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONUTF8=1 \
    TIERWISE_LEDGER=/data/tierwise.db

RUN groupadd --gid 65532 tierwise \
    && useradd --uid 65532 --gid 65532 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin tierwise \
    && install -d -o 65532 -g 65532 -m 0700 /data

COPY --from=build /opt/tierwise /opt/tierwise

USER 65532:65532
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8080
STOPSIGNAL SIGTERM

HEALTHCHECK --interval=15s --timeout=3s --start-period=5s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/health', timeout=2).read()"]

ENTRYPOINT ["tierwise"]
CMD ["serve", "--listen", "0.0.0.0:8080"]
