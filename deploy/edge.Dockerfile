# The edge on the official OpenResty image: the same files and the same script as on Debian, and nothing else.
# Build from the project's root: docker build -f deploy/edge.Dockerfile -t postledger-edge .
FROM openresty/openresty:1.25.3.2-0-bookworm

# script/edge finds what a killed master left behind by pgrep, and runs its scrubber with sed.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends procps openssl hostname \
    && rm -rf /var/lib/apt/lists/*

COPY edge /opt/postledger/edge
COPY monitoring/runbooks /opt/postledger/monitoring/runbooks
COPY script/edge script/edge-config script/edge-names script/environment script/scrub script/users /opt/postledger/script/

# A volume, so that the last good policy outlives the container.
ENV POSTLEDGER_VAR=/var/lib/postledger \
    POSTLEDGER_LISTEN_ADDRESS=0.0.0.0 \
    POSTLEDGER_EDGE_PLATFORM=openresty \
    POSTLEDGER_BACKEND_SOCKET=/run/postledger/backend.sock
# As in the image of the backend, because a volume takes its owner from the first image that uses it.
RUN install --directory --owner=10002 --group=10002 --mode=0750 /var/lib/postledger /var/lib/postledger/edge \
    && install --directory --owner=10001 --group=10002 --mode=0710 /run/postledger
USER 10002:10002
VOLUME /var/lib/postledger
EXPOSE 8443 8080 8444
STOPSIGNAL SIGQUIT
ENTRYPOINT ["/opt/postledger/script/edge", "/var/lib/postledger/edge"]
