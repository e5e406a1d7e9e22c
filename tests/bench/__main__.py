"""`python -m tests.bench [name …]`: measure, and print one JSON object a line.

Ends with 1 when something could not be measured; a figure short of its goal is only printed,
because on a shared machine one bad run proves nothing.
"""

import importlib
import sys
import traceback

from tests.bench.figures import Figure

#: Figure → the module that measures it. A module may measure several.
FIGURES = {
    "booking_hold_service": "service",
    "booking_race": "service",
    "booking_hold_http": "http",
    "refund_sweep": "sweep",
    "refund_submit": "submit",
    "pay_roundtrip_http": "roundtrip",
    "recorder_cpu_per_leg": "recorder",
    "chat_throughput": "chat",
    "chat_latency": "chat",
    "idle_socket": "chat",
    "call_setup": "calls",
    "rejoin_after_reload": "calls",
    "dispatch_board": "dispatch",
    "formulary_search": "formulary",
    "safety_check": "safety",
    "start_to_first_page": "house",
    "idle_rss": "house",
    "sign_and_verify": "signing",
    "page_weight": "pageweight",
    "page_server_time": "pagetime",
    "journey_api": "journey",
}

#: Measured only when named: they need somebody else's program.
PEERS = {"recorder_cpu_per_leg_ratio": "janus"}


def main(wanted: list[str]) -> int:
    known = {**FIGURES, **PEERS}
    if unknown := set(wanted) - set(known):
        print(f"no such figure: {', '.join(sorted(unknown))}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    names = wanted or list(FIGURES)
    failed = False
    for module in dict.fromkeys(known[name] for name in names):
        try:
            for figure in importlib.import_module(f"tests.bench.{module}").measure():
                if figure.name in names:
                    print(figure.line(), flush=True)
                    names = [name for name in names if name != figure.name]
        except Exception as error:  # the edge: the other modules are still worth measuring
            traceback.print_exc()
            for name in [name for name in names if known[name] == module]:
                failed = True
                print(Figure(name, None, "", "", {"error": str(error)}).line(), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
