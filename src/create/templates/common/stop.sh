#!/bin/sh
# Runs before the instance is stopped (preStop): it takes itself out of service discovery and lets the requests end that
# are on their way. Kubernetes takes it out of the Service at the same time, and sends SIGTERM when this is through.
set -eu
. "$(dirname "$0")/discovery.sh"
tell deregister || echo "service discovery cannot be told that $POD_NAME goes" >&2
sleep "${DRAIN_SECONDS:-10}"
