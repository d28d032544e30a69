# Spillway as an image:
#
#   docker build -t spillway .
#   docker run -p 8080:8080 -v spillway-state:/var/lib/spillway spillway
#
# Options come from the environment too (SPILLWAY_MEMORY=8G and so on), or after the image's name.
# A data set for every session: mount it and name it, as in  ... -v "$PWD:/data:ro" spillway /data/trips.csv

FROM debian:13-slim AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev cmake ninja-build pkg-config \
        ca-certificates nodejs npm libwebsockets-dev libwebsockets-evlib-uv libuv1-dev libcjson-dev \
        uthash-dev libsqlite3-dev liblz4-dev libxxhash-dev libzstd-dev zlib1g-dev libssl-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
# Another compiler may warn of more: here that must not stop a build.
RUN node static/build.mjs \
    && cmake --preset release -DSW_WERROR=OFF -DSW_BENCH=OFF -DSW_STATIC_DIR=/usr/share/spillway/static \
    && cmake --build --preset release --target spillway \
    && install -D -s build/release/spillway /image/usr/bin/spillway \
    && mkdir -p /image/usr/share/spillway \
    && cp -r static /image/usr/share/spillway/static \
    && install -D -m 644 LICENSE /image/usr/share/doc/spillway/LICENSE

FROM debian:13-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl libwebsockets19t64 libwebsockets-evlib-uv \
        libuv1t64 libcjson1 libsqlite3-0 liblz4-1 libxxhash0 libzstd1 zlib1g \
        libssl3t64 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --user-group --no-create-home --home-dir /nonexistent spillway \
    && install -d -o spillway -g spillway -m 0700 /var/lib/spillway
COPY --from=build /image/ /
USER spillway
VOLUME /var/lib/spillway
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s --retries=3 \
    CMD ["curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:8080/healthz"]
# SIGTERM drains: sockets are closed with 1001, answers in flight are finished.
STOPSIGNAL SIGTERM
ENTRYPOINT ["spillway", "--listen", "0.0.0.0:8080", "--state", "/var/lib/spillway"]
