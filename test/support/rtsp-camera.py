"""An RTSP camera for tests: GStreamer's RTSP server streams the JPEG frames it reads from standard input.

Each frame on standard input is a big-endian 32-bit length and a 640x480 JPEG. Prints its port.
"""

import argparse
import struct
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

CAPS = "image/jpeg,width=640,height=480,framerate=0/1"
PAYLOADS = {
    "h264": "jpegdec ! videoconvert ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 bitrate=6000"
    " ! video/x-h264,profile=baseline ! rtph264pay name=pay0 pt=96 config-interval=1",
    "jpeg": "rtpjpegpay name=pay0 pt=26",
}


class Camera(GstRtspServer.RTSPMediaFactory):
    """Streams the same live video to every client."""

    def __init__(self, codec):
        super().__init__()
        self.source = None
        self.set_shared(True)
        self.set_launch(f"( appsrc name=camera is-live=true format=time do-timestamp=true caps={CAPS} ! {PAYLOADS[codec]} )")
        self.connect("media-configure", self.configure)

    def configure(self, _, media):
        self.source = media.get_element().get_child_by_name("camera")

    def show(self, jpeg):
        if self.source is not None:
            self.source.emit("push-buffer", Gst.Buffer.new_wrapped(jpeg))


def read_frames(camera, loop):
    while (head := sys.stdin.buffer.read(4)) and len(head) == 4:
        camera.show(sys.stdin.buffer.read(struct.unpack(">I", head)[0]))
    loop.quit()


def require_password(server, camera, user, password):
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", user)
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    camera.add_role_from_structure(Gst.Structure.from_string(
        f"{user},media.factory.access=(boolean)true,media.factory.construct=(boolean)true")[0])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--codec", choices=PAYLOADS, default="h264")
    parser.add_argument("--port", default="0")
    parser.add_argument("--user")
    parser.add_argument("--password")
    options = parser.parse_args()
    Gst.init(None)
    camera = Camera(options.codec)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(options.port)
    if options.user:
        require_password(server, camera, options.user, options.password)
    server.get_mount_points().add_factory("/live", camera)
    if server.attach(None) == 0:
        sys.exit("port is in use")
    print(server.get_bound_port(), flush=True)
    loop = GLib.MainLoop()
    threading.Thread(target=read_frames, args=(camera, loop), daemon=True).start()
    loop.run()


main()
