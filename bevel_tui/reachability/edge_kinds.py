"""The kinds of check about the edges from a gateway to the ledger, with every way in which they can be wrong."""

from __future__ import annotations

from bevel_tui.reachability.kinds import CheckKind, Failure

CLUSTER_API = CheckKind(
    "cluster-api",
    "Can the cluster be read?",
    "a kubeconfig context",
    "What the API server, or the way to it, said. Told only when it fails; what is public of the cluster is asked all the "
    "same, and what fails there is a warning then.",
    "Without the cluster's word nothing is known of its gateway and its certificates.",
    failures=(
        Failure("cluster-cluster-unreachable", "The API server does not answer."),
        Failure("cluster-access-denied", "The credentials are not accepted, or may not read."),
        Failure("cluster-context-unknown", "The kubeconfig has no such context."),
        Failure("cluster-kubeconfig-unreadable", "The kubeconfig cannot be read."),
    ),
)

GATEWAY_KINDS: tuple[CheckKind, ...] = (
    CheckKind(
        "lb-address",
        "Does the cluster's gateway have an address?",
        "the gateway's Service",
        "The IP addresses, or the load balancer's host name, in the Service's status.",
        "No load balancer answered for the Service: the cluster has no implementation of type LoadBalancer, or a quota "
        "is used up.",
        failures=(
            Failure("lb-no-service", "The gateway's Service does not exist."),
            Failure("lb-no-address", "The Service has no address."),
        ),
    ),
    CheckKind(
        "port-on-service",
        "Is the port that an endpoint needs on the gateway's Service?",
        "the gateway's Service and the port",
        "The ports of the Service.",
        "The gateway was installed for other ports. Run the deployment again: the plan adds the ports it uses.",
        failures=(Failure("port-missing", "The Service has no such port."),),
    ),
)

_CERTIFICATE = (
    Failure("tls-default-certificate", "The gateway's default certificate came: no route matches the host."),
    Failure("tls-other-ca", "The certificate was not issued by the organization's CA."),
    Failure("tls-wrong-name", "The certificate is for another name."),
    Failure("tls-expired", "The certificate has expired."),
)

CONNECTION_KINDS: tuple[CheckKind, ...] = (
    CheckKind(
        "tcp-connect",
        "Does the address accept connections on the port?",
        "an address and a port; each once per cluster",
        "The address dialed and the time it took. All addresses of a name are tried, each by itself.",
        "Refused: nothing listens. Timed out: a firewall or security group drops the packets.",
        ("port-on-service", "dns-address"),
        failures=(
            Failure("tcp-refused", "The connection is refused: nothing listens there."),
            Failure("tcp-timeout", "No answer: packets are dropped on the way."),
            Failure("tcp-unreachable", "No route leads there."),
        ),
    ),
    CheckKind(
        "tcp-choice",
        "Which of several addresses does a client use?",
        "a host and a port; asked only where the name has several addresses",
        "A race that is really run, as clients run it (happy eyeballs, RFC 8305: families in turn, IPv6 first, the next after "
        "250 ms or as soon as one fails): when each address was tried, and how it ended. The checks behind go to the one "
        "that wins.",
        "It never fails: addresses that do not answer fail in `tcp-connect`.",
        ("dns-address",),
    ),
    CheckKind(
        "tls-handshake",
        "Does the right certificate come for this host?",
        "a host and a port",
        "TLS version, ALPN, and the certificate: subject, issuer, names, expiry, fingerprint. It must chain to the "
        "organization's own CA, read from its cluster. Nothing is accepted unverified: a second handshake only "
        "describes what was served instead.",
        "The gateway's default certificate (no route matches the host), a certificate of another CA, for another name, "
        "or expired; or the connection closes because nobody is behind the route.",
        ("tcp-connect",),
        failures=(
            *_CERTIFICATE,
            Failure("tls-trust", "The CA certificate to verify against cannot be read, or is none."),
            Failure("tls-closed", "The connection is closed during the handshake: nobody is behind the route."),
            Failure("tls-timeout", "No handshake in time."),
            Failure("tls-tls", "The handshake fails, or what answers is no TLS server."),
            Failure("tls-old-protocol", "What answers speaks no TLS version from 1.2 on."),
            Failure("tls-refused", "Refused, though it was accepted a moment ago."),
            Failure("tls-unreachable", "Not reachable, though it was a moment ago."),
            Failure("tls-expires-soon", "Warning: it expires within 30 days."),
        ),
    ),
)

LEDGER_KINDS: tuple[CheckKind, ...] = (
    CheckKind(
        "protocol",
        "Does the ledger answer in its own language?",
        "an endpoint",
        "JSON-RPC: chain id, block number and genesis block. WebSocket: the upgrade. Fabric operations: /healthz. Fabric CA: "
        "/cainfo. Fabric gRPC: the health call (grpc.health.v1), or HTTP/2 where it is not served. Tessera: /upcheck. Corda network map: /network-map; doorman: any answer. Raw TCP "
        "(RLPx, Indy's ZeroMQ, Corda's p2p): the connection stays open.",
        "The gateway has no route for the host (404), nobody answers behind it (502 to 504), or the answer is not the "
        "ledger's.",
        ("tls-handshake", "tcp-connect"),
        failures=(
            Failure("protocol-route", "The gateway has no route for the host (HTTP 404)."),
            Failure("protocol-backend", "The gateway has a route, but nobody answers behind it."),
            Failure("protocol-closed", "The connection is closed without an answer."),
            Failure("protocol-timeout", "No answer in time."),
            Failure("protocol-answer", "Somebody answers, but not as this component does, or it says that it is ill."),
            Failure("protocol-tls", "The TLS connection breaks."),
            Failure("protocol-old-protocol", "What answers speaks no TLS version from 1.2 on."),
            Failure("protocol-refused", "Refused, though it was accepted a moment ago."),
            Failure("protocol-unreachable", "Not reachable, though it was a moment ago."),
            Failure("protocol-trust", "The CA certificate to verify against is none."),
            *(Failure(one.code.replace("tls-", "protocol-"), one.meaning) for one in _CERTIFICATE),
        ),
    ),
    CheckKind(
        "ledger-agrees",
        "Do all nodes speak of the same ledger?",
        "the Ethereum nodes of a cluster",
        "Chain id and hash of the genesis block of every node of every cluster. What most nodes say counts.",
        "A node was started from another genesis. It answers, but can never join.",
        ("protocol",),
        failures=(
            Failure("ledger-other-genesis", "A node has another genesis block."),
            Failure("ledger-other-chain", "A node has another chain id."),
        ),
    ),
    CheckKind(
        "ledger-peers",
        "Does the node have peers? That the p2p port accepts says little; this is the node's own word.",
        "an Ethereum node's RPC",
        "`net_peerCount`, beside how many other nodes the network has.",
        "The node is alone: the others' p2p ports cannot be reached from it, or it does not know them.",
        ("protocol",),
        failures=(
            Failure("ledger-no-peers", "The node has no peer at all."),
            Failure("ledger-few-peers", "Warning: it has fewer peers than the network has other nodes."),
            Failure("ledger-answer", "The node does not tell."),
            Failure("ledger-timeout", "No answer in time."),
            Failure("ledger-closed", "The connection is closed without an answer."),
            Failure("ledger-backend", "Nobody answers behind the route any more."),
            Failure("ledger-route", "The route has gone."),
            Failure("ledger-refused", "Refused, though it was accepted a moment ago."),
            Failure("ledger-unreachable", "Not reachable, though it was a moment ago."),
        ),
    ),
    CheckKind(
        "ledger-mesh",
        "Which nodes of the network has a node no connection to?",
        "an Ethereum node's RPC; or all of a cluster, when none is missed",
        "`admin_peers` of the node, beside `admin_nodeInfo` of every node of every cluster. Asked where those are enabled, as "
        "Bevel's charts do.",
        "Both sides' p2p ports are closed to each other, or neither knows the other's address. Blocks may still arrive by way "
        "of third nodes, so it is a warning.",
        ("protocol", "ledger-peers"),
        failures=(Failure("ledger-missing-peers", "Warning: it is not connected to the nodes named."),),
    ),
    CheckKind(
        "ledger-grows",
        "Are blocks made?",
        "an Ethereum node's RPC",
        "`eth_blockNumber` twice, up to two block periods and a second apart. Not asked where blocks are made for "
        "transactions only (GoQuorum with raft).",
        "Not enough validators run or reach each other.",
        ("protocol",),
        failures=(Failure("ledger-halted", "No new block was made. The codes of `ledger-peers` are possible too."),),
    ),
)
