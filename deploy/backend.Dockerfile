# The backend, from the locked libraries. Build from the project's root, as edge.Dockerfile.
FROM python:3.11-slim-bookworm

# gunicorn's fast HTTP parser comes as C.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/postledger
COPY requirements.lock pyproject.toml ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY backend backend
COPY deploy/with-ledger /usr/local/bin/with-ledger
# The commit of the build, because git is not in the image: --build-arg POSTLEDGER_COMMIT=$(git rev-parse HEAD)
ARG POSTLEDGER_COMMIT
ENV PYTHONPATH=/opt/postledger/backend \
    POSTLEDGER_COMMIT=$POSTLEDGER_COMMIT \
    POSTLEDGER_BACKEND_SOCKET=/run/postledger/backend.sock \
    PROMETHEUS_MULTIPROC_DIR=/dev/shm/postledger
# Only the backend (10001) and the edge's group (10002) enter the directory of the sockets, a volume of both. The other one
# is a volume of the worker, for the files of [[exports]].
RUN install --directory --owner=10001 --group=10002 --mode=0710 /run/postledger \
    && install --directory --owner=10001 --group=10001 --mode=0750 /opt/postledger/var/exports
USER 10001:10001
# Under it runs what compose.yaml names: gunicorn, or a command of `python -m postledger`.
ENTRYPOINT ["with-ledger"]
CMD ["gunicorn", "-c", "backend/gunicorn.conf.py"]
