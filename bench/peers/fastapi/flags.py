"""Owns the flags of the command line."""

import os

from options import peer_flags, whole_number


def read_flags():
    """Flags of the command line; a bad one ends the process with code 2."""
    parser = peer_flags()
    threads_help = "threads that run the pipeline; 0 runs it in the handler, on the event loop"
    parser.add_argument("--threads", type=whole_number(256), default=os.cpu_count(), help=threads_help)
    ping_help = "seconds between pings, and until a sender that answers none is closed; 0 sends none"
    parser.add_argument("--ping", type=whole_number(3600), default=20, help=ping_help)
    return parser.parse_args()
