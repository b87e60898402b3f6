# Service discovery beside that of Kubernetes; start.sh and stop.sh read this file.
#
# DISCOVERY_URL comes from the ConfigMap `service-discovery` (key `url`) of the namespace. Without it nothing is
# registered: the Service finds the instances that are ready. The address that is registered is the instance's own,
# which is another after each start; never that of a host.

# tell register|deregister: change this function to what your registry wants to hear (Consul, Nacos, Eureka).
tell() {
    [ -n "${DISCOVERY_URL:-}" ] || return 0
    about="app=$APP&namespace=$NAMESPACE&instance=$POD_NAME&address=$POD_IP:$PORT"
    if command -v curl >/dev/null; then
        curl -fsS -m 5 -X POST -d "$about" "$DISCOVERY_URL/$1" >/dev/null
    else
        wget -q -T 5 -O /dev/null --post-data "$about" "$DISCOVERY_URL/$1"
    fi
}

# Whether the app answers its probe; without a path of a probe it counts as ready at once.
answers() {
    [ -n "${PROBE:-}" ] || return 0
    if command -v curl >/dev/null; then
        curl -fs -m 2 -o /dev/null "http://127.0.0.1:$PORT$PROBE"
    else
        wget -q -T 2 -O /dev/null "http://127.0.0.1:$PORT$PROBE"
    fi
}

# Registers once the app answers, and not before: who asks an instance that starts gets nothing.
register_when_ready() {
    until answers; do sleep 1; done
    until tell register; do
        echo "service discovery cannot be told; it is tried again" >&2
        sleep 5
    done
}
