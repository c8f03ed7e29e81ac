"""The fixtures of the `transformers` package: RT-DETR and D-FINE with `logits` and `pred_boxes` as outputs."""

from types import SimpleNamespace

import numpy as np
import onnx
import onnxslim
import torch

from fixture_family import Family
from fixture_network import NAMES, LegacyExporter, OnnxNetwork, calibrate, standardize, tensor_of_stretched

# Both networks: widths, and how few layers, heads, points, and queries.
SMALL = {
    "encoder_hidden_dim": 16, "encoder_in_channels": [8, 16, 16], "encoder_ffn_dim": 16, "encoder_attention_heads": 2,
    "d_model": 16, "num_queries": 30, "decoder_in_channels": [16, 16, 16], "decoder_ffn_dim": 16, "decoder_layers": 2,
    "decoder_attention_heads": 2, "num_denoising": 0, "hidden_expansion": 0.5, "num_labels": len(NAMES),
}
STAGES = ["stage2", "stage3", "stage4"]


class Transformers(Family):
    """Writes logits [1, queries, classes] and boxes [1, queries, 4]: center, width, height as parts of the input."""

    candidates = (20, 40)
    names = NAMES

    def __init__(self, imgsz):
        self.imgsz, self.input = imgsz, f"{imgsz[1]} × {imgsz[0]}, stretched"

    def sizes(self):
        """Both axes are halved, or only one."""
        height, width = self.imgsz
        return [(2 * width, 2 * height), (2 * width, height)]

    def __call__(self, pictures, scratch):
        network = self.network()
        batch = calibrate(network, pictures, self.imgsz, tensor_of_stretched)
        decoder = network.model.decoder
        boxes = [layers.layers[-1] for layers in decoder.bbox_embed]
        for last in boxes:  # They are zeros before training.
            torch.nn.init.normal_(last.weight)
        wanted = {last: self.box_targets(last.out_features) for last in boxes}
        standardize(network, batch, {**wanted, decoder.class_embed[-1]: [(-1.0, 1.5)] * len(NAMES)})
        self.run = Outputs(network).eval()
        self.onnx_path = scratch / "transformers.onnx"
        with LegacyExporter():
            torch.onnx.export(self.run, batch[:1], self.onnx_path, opset_version=17,
                              input_names=["pixel_values"], output_names=["logits", "pred_boxes"])
        onnx.save(onnxslim.slim(onnx.load(self.onnx_path)), self.onnx_path)  # Removes most of the nodes.
        return self

    def use(self, path):
        self.run = OnnxNetwork(path)

    def detect(self, image, lowest, iou):
        with torch.no_grad():
            logits, boxes = self.run(tensor_of_stretched(image, self.imgsz))
        outputs = SimpleNamespace(logits=logits, pred_boxes=boxes)
        found = self.processor().post_process_object_detection(outputs, lowest, [image.shape[:2]])[0]
        columns = [found["boxes"], found["scores"][:, None], found["labels"][:, None]]
        return np.concatenate([column.numpy() for column in columns], 1)

    def processor(self):
        from transformers import RTDetrImageProcessor  # D-FINE uses it too.

        return RTDetrImageProcessor()


class RtDetrOfTransformers(Transformers):
    exporter = "`transformers`, a small RTDetrConfig, `torch`, and `onnxslim`"

    @staticmethod
    def box_targets(_):
        return [(0.0, 0.5)] * 2 + [(0.5, 0.6)] * 2

    def network(self):
        from transformers import RTDetrConfig, RTDetrForObjectDetection, RTDetrResNetConfig

        backbone = RTDetrResNetConfig(embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1] * 4, layer_type="basic",
                                      out_features=STAGES)
        config = RTDetrConfig(backbone_config=backbone, decoder_n_points=2, **SMALL)
        return WithoutTraining.of(RTDetrForObjectDetection(config))


class DFineOfTransformers(Transformers):
    exporter = "`transformers`, a small DFineConfig, `torch`, and `onnxslim`"

    @staticmethod
    def box_targets(bins):
        """Each side is a distribution over bins."""
        return [(0.0, 0.7)] * bins

    def network(self):
        from transformers import DFineConfig, DFineForObjectDetection, HGNetV2Config

        backbone = HGNetV2Config(
            embedding_size=8, stem_channels=[3, 8, 8], hidden_sizes=[8, 8, 16, 16], depths=[1] * 4,
            stage_in_channels=[8, 8, 8, 16], stage_mid_channels=[8] * 4, stage_out_channels=[8, 8, 16, 16],
            stage_num_blocks=[1] * 4, stage_numb_of_layers=[1] * 4, stage_light_block=[False] * 4,
            stage_kernel_size=[3] * 4, stage_downsample=[False, True, True, True], out_features=STAGES,
        )
        config = DFineConfig(backbone_config=backbone, decoder_n_points=[2, 2, 2], max_num_bins=8, **SMALL)
        return WithoutTraining.of(DFineForObjectDetection(config))


class WithoutTraining:
    """In training mode the package needs labels; only its norms may be in that mode."""

    @staticmethod
    def of(network):
        train = network.train

        def norms_only(mode=True):
            train(False)
            for module in network.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.train(mode)
            return network

        network.train = norms_only
        return network.eval()


class Outputs(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        found = self.network(pixel_values=images)
        return found.logits, found.pred_boxes
