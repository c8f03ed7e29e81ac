"""Command-line flags."""

import os

from options import peer_flags, whole_number


def read_flags():
    """Parses the command line; an invalid flag exits with code 2."""
    parser = peer_flags()
    threads_help = "threads that run the pipeline; 0 runs it in the handler, on the event loop"
    parser.add_argument("--threads", type=whole_number(256), default=os.cpu_count(), help=threads_help)
    ping_help = "seconds between pings, and timeout for a pong; 0 disables pings"
    parser.add_argument("--ping", type=whole_number(3600), default=20, help=ping_help)
    return parser.parse_args()
