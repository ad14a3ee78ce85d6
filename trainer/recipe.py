"""How we train: every hyperparameter, and why it differs from YOLOv5's own where it does.

YOLOv5's defaults (hyp.scratch-low) are for 118,000 photos, 80 classes, 300 epochs at 640 px. A city
has a few hundred photos of a few large sights, and minutes instead of days; most changes follow
from that.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Recipe:
    """Hyperparameters of one training. Unless said otherwise, the value is YOLOv5's."""

    # --- optimiser: AdamW with cosine decay. YOLOv5: SGD at 0.01, which needs many more steps than we can pay for.
    # From nothing on 300 drawn photos at 160 px (one seed each), validation mAP50 after 12 epochs:
    # 0.46 at 0.003, 0.33 at 0.0015.
    learning_rate: float = 0.003
    final_learning_rate_fraction: float = 0.02
    momentum: float = 0.9
    weight_decay: float = 0.01
    # Gradients are summed up to this many photos before a step. YOLOv5: 64, which for 300 photos is
    # five steps an epoch, far too few for the fifty epochs that we can afford.
    nominal_batch_size: int = 8
    # YOLOv5: 3 epochs, but at least 100 batches; ours is bounded by a part of the training instead,
    # so that a short one is not all warm-up.
    warmup_epochs: float = 3.0
    # The moving average that is published. YOLOv5's ramp of 2000 steps is longer than our whole
    # training.
    average_decay: float = 0.997
    average_ramp_steps: int = 300
    gradient_norm_limit: float = 10.0

    # --- loss
    box_gain: float = 0.05
    # YOLOv5 scales the class loss by classes/80: 0.03 for five classes, which counts for little.
    class_gain: float = 0.1
    objectness_gain: float = 1.0
    # The objectness loss is scaled by (image size / 640) to this power. YOLOv5: 2, which at 224 px
    # leaves an eighth.
    objectness_size_power: float = 1.0
    anchor_ratio_limit: float = 4.0
    label_smoothing: float = 0.0

    # --- augmentation
    hue: float = 0.015
    saturation: float = 0.7
    brightness: float = 0.4
    translate: float = 0.1
    # YOLOv5: 0.5; sights fill much of the photo, and half of them would be cut away.
    scale: float = 0.4
    # A turned photo's boxes are drawn around the turned ones, larger than its sights: at up to 3
    # degrees by 2.6 % a side, an overlap of 0.95, which is then what the network learns.
    rotation_degrees: float = 0.0
    # Buildings look alike in a mirror.
    flip_left_right: float = 0.5
    # YOLOv5: 1.0. A mosaic shows sights at half their size and cut; at 224 px most photos have to
    # stay whole.
    mosaic: float = 0.3
    # The last epochs see photos as they will come: no mosaics.
    plain_last_fraction: float = 0.1

    # --- order and choice
    # How much more often the photos of rare sights are seen: 0 not at all, 1 until all sights are
    # seen equally often.
    balance: float = 0.5
    # The last epoch is taken that is not worse than the best by more than this, by the root of the
    # number of validation photos that show a sight. The best of hundreds on few photos is a lucky one, and an early
    # one: on nine photos, of 333 epochs at 96 px, it lost 0.09, 0.07 and 0.09 mAP50-95 on test to the last.
    val_noise: float = 0.3

    # --- progressive resizing. From random weights, shapes are learnt on small pictures at a third
    # of the time, details at the end: on 309 drawn photos at 224 px (one seed), validation mAP50 rose
    # from 0.30 in the last small epoch to 0.91 seven epochs later.
    small_first_fraction: float = 0.6
    small_first_scale: float = 4 / 7


FROM_NOTHING = Recipe()
# A rate that is right for random weights unlearns good ones: from COCO weights, 0.0015 threw mAP50
# back from 0.38 to 0.06 before it rose again. Fine-tuned on 88 real photos of six sights for ten
# epochs (one seed each, 24 validation photos): 0.89 at 0.0005, 0.83 at 0.0003, 0.85 at 0.0008; at
# 0.0005 with a class_gain of 0.05, 0.86. Good weights know shapes: nothing is gained by small pictures.
FROM_WEIGHTS = replace(FROM_NOTHING, learning_rate=0.0005, small_first_fraction=0.0)
