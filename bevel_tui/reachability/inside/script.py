"""What a probe pod runs, and how its log reads: plain POSIX shell with what Bevel's utility image brings.

`ghcr.io/hyperledger/bevel-alpine` is Alpine with curl, jq and openssl (its Dockerfile in Bevel v1.3.0,
platforms/shared/images); busybox gives nc, getent comes with musl. Another image needs a POSIX shell, one of getent and
nslookup, one of nc and curl; without openssl no certificate is looked at, and the log says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

#: what every line of ours begins with; other lines of the log are somebody else's
MARK = "bevel-tui-probe/1"
#: hosts that are asked at the same time
PARALLEL = 16

Word = Literal["open", "refused", "timeout", "unreachable"]
#: what is tried at a port: a connection, a certificate, Substrate's `system_health`
Try = Literal["tcp", "tls", "health"]
#: in the place of an answer: the image has nothing to ask with; nothing came
NO_PROGRAM, NO_ANSWER = "unknown", "-"

SCRIPT = (
    r"""
say() { printf '%s %s\n' 'MARK' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }
t="${PROBE_TIMEOUT:-5}"
resolve() {
  if have getent; then getent ahosts "$1" | cut -d ' ' -f 1
  else nslookup "$1" 2>/dev/null | sed -n '/^Name:/,$s/^Address[^:]*: *\([0-9a-fA-F.:]*\).*/\1/p'
  fi | sort -u
}
whole() { case "$1" in *:*) printf '[%s]:%s' "$1" "$2" ;; *) printf '%s:%s' "$1" "$2" ;; esac; }
connect() {
  ms=-
  if have nc && nc -h 2>&1 | grep -q -e '-z'; then
    said=$(LC_ALL=C nc -w "$t" -vz "$2" "$1" 2>&1) && word=open || case "$said" in
      *refused*) word=refused ;;
      *'timed out'*|*'in progress'*|'') word=timeout ;;
      *) word=unreachable ;;
    esac
  else
    said=$(LC_ALL=C curl -sS -g -o /dev/null --connect-timeout "$t" -m "$t" -w ' %{time_connect}' \
      "telnet://$(whole "$2" "$1")" </dev/null 2>&1)
    code=$?
    took="${said##* }"
    case "$took" in
      *[1-9]*) word=open; ms=$(printf '%s' "$took" | awk '{ printf "%.0f", $1 * 1000 }') ;;
      *) case "$code,$said" in 28,*) word=timeout ;; 7,*nreachable*) word=unreachable ;; 7,*) word=refused ;;
           *) word=unreachable ;; esac ;;
    esac
  fi
  say tcp "$3" "$1" "$2" "$word" "$ms"
}
certificate() {
  if ! have openssl; then say tls "$3" "$1" "$2" unknown -; return; fi
  found=$(timeout "$((t + 1))" openssl s_client -connect "$(whole "$2" "$1")" -servername "$3" </dev/null 2>/dev/null \
    | openssl x509 -noout -fingerprint -sha256 2>/dev/null | sed 's/.*=//; s/://g' | tr A-F a-f)
  if [ -n "$found" ]; then say tls "$3" "$1" "$2" served "$found"; else say tls "$3" "$1" "$2" closed -; fi
}
health() {
  if ! have curl; then say health "$3" "$1" "$2" unknown; return; fi
  said=$(curl -sS -g -m "$t" -H 'Content-Type: application/json' \
    -d '{"jsonrpc":"2.0","id":1,"method":"system_health","params":[]}' "http://$(whole "$2" "$1")/" 2>/dev/null \
    | head -c 500 | tr -d '[:space:]')
  say health "$3" "$1" "$2" "${said:--}"
}
look() {
  host="${1%%/*}"
  addresses=$(resolve "$host")
  say name "$host" "$(printf '%s' "${addresses:--}" | tr '\n' ',')"
  rest="$1"
  while [ "$rest" != "${rest#*/}" ]; do
    rest="${rest#*/}"
    one="${rest%%/*}"
    for address in $addresses; do
      case "$one" in
        tcp:*) connect "${one#tcp:}" "$address" "$host" ;;
        tls:*) certificate "${one#tls:}" "$address" "$host" ;;
        health:*) health "${one#health:}" "$address" "$host" ;;
      esac
    done
  done
}
count=0
for target in "$@"; do
  look "$target" &
  count=$((count + 1))
  [ $((count % PARALLEL)) -eq 0 ] && wait
done
wait
say end "$count"
""".replace("MARK", MARK)
    .replace("PARALLEL", str(PARALLEL))
    .strip()
    + "\n"
)


@dataclass(frozen=True, slots=True)
class Question:
    """A host that a pod resolves, and what it tries at each of its addresses: ``("tcp", 443)``, ``("tls", 443)``."""

    host: str
    tries: tuple[tuple[Try, int], ...] = ()

    @property
    def argument(self) -> str:
        """As the script takes it: ``host/tcp:443/tls:443``."""
        return "/".join((self.host, *(f"{kind}:{port}" for kind, port in self.tries)))

    @classmethod
    def parse(cls, argument: str) -> Question:
        """The other way round. Raises ValueError."""
        host, *tries = argument.split("/")
        found: list[tuple[Try, int]] = []
        for one in tries:
            kind, _, port = one.partition(":")
            if kind == "tcp":
                found.append(("tcp", int(port)))
            elif kind == "tls":
                found.append(("tls", int(port)))
            elif kind == "health":
                found.append(("health", int(port)))
            else:
                raise ValueError(f"{argument}: {kind} is nothing to try")
        return cls(host, tuple(found))


@dataclass(frozen=True, slots=True)
class Sight:
    """What a pod saw. `names` are addresses by host (empty: none found), `tcp` a word by (host, port, address), `tls` the
    certificate's SHA-256 (None: none was served) by (host, port, address), `health` the JSON that came, without blanks, by
    the same; `complete` whether it came to its end."""

    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tcp: Mapping[tuple[str, int, str], Word] = field(default_factory=dict)
    tls: Mapping[tuple[str, int, str], str | None] = field(default_factory=dict)
    complete: bool = False
    health: Mapping[tuple[str, int, str], str] = field(default_factory=dict)


def read(lines: Iterable[str]) -> Sight:
    """A log as values. Lines that are not ours, or were cut short, are passed over."""
    names: dict[str, tuple[str, ...]] = {}
    tcp: dict[tuple[str, int, str], Word] = {}
    tls: dict[tuple[str, int, str], str | None] = {}
    health: dict[tuple[str, int, str], str] = {}
    complete = False
    for line in lines:
        match line.split():
            case [mark, "name", host, found] if mark == MARK:
                names[host] = () if found == "-" else tuple(a for a in found.split(",") if a)
            case [mark, "tcp", host, port, address, ("open" | "refused" | "timeout" | "unreachable") as word, _] if (
                mark == MARK and port.isdigit()
            ):
                tcp[host, int(port), address] = word
            case [mark, "tls", host, port, address, word, shown] if mark == MARK and port.isdigit():
                if word != "unknown":
                    tls[host, int(port), address] = shown if word == "served" else None
            case [mark, "health", host, port, address, answer] if mark == MARK and port.isdigit():
                health[host, int(port), address] = answer
            case [mark, "end", _] if mark == MARK:
                complete = True
    return Sight(names, tcp, tls, complete, health)
