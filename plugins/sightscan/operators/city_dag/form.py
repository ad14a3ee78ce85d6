"""The trigger form of a city's DAG: what people may set for one run."""

from airflow.sdk import Param

from sightscan.settings import ARCHITECTURES, PHOTO_SOURCES, STARTS

PARAMS = {
    "sights": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=200,
        title="Sights",
        description=(
            "At most so many sights, the most famous first: 1 to 200. Empty: MAX_SIGHTS_PER_CITY."
        ),
    ),
    "photos_per_sight": Param(
        None,
        type=["null", "integer"],
        minimum=0,
        maximum=10_000,
        title="Photos per sight",
        description=(
            "At most so many photos of each sight: 0 (crawls none) to 10,000. "
            "Empty: MAX_IMAGES_PER_SIGHT."
        ),
    ),
    "photo_sources": Param(
        None,
        # A choice of several in the form; by the API a list, or their names with commas between.
        type=["null", "array", "string"],
        items={"type": "string", "enum": list(PHOTO_SOURCES)},
        minItems=1,
        uniqueItems=True,
        examples=list(PHOTO_SOURCES),
        title="Photo sources",
        description=(
            "In the order in which they are chosen, until there are enough: "
            f"{', '.join(PHOTO_SOURCES)}. Empty: PHOTO_SOURCES."
        ),
    ),
    "licence_policy": Param(
        None,
        type=["null", "string"],
        enum=[None, "open", "any"],
        values_display={"null": "as LICENCE_POLICY says"},
        title="Licence policy",
        description=(
            "open: only photos that anybody may use and change; any: all, each with the licence "
            "that is known of it."
        ),
    ),
    "full_resolution": Param(
        None,
        type=["null", "boolean"],
        title="Full resolution",
        # A switch that nobody touched looks like one that is off, but sends nothing.
        description=(
            "On: fetch originals, not photos of 960 pixels. Not touched: CRAWL_FULL_RESOLUTION."
        ),
    ),
    "skip_known": Param(
        None,
        type=["null", "boolean"],
        title="Skip known photos",
        description=(
            "Not touched: CRAWL_SKIP_KNOWN. On: leave the photos alone that are there. On and off "
            "again: ask for them anew, and fetch those that have changed."
        ),
    ),
    "vision_calls": Param(
        None,
        type=["null", "integer"],
        minimum=0,
        maximum=1_000_000,
        title="Vision calls",
        description=(
            "Pay for at most so many images in this run: 0 to 1,000,000. Empty: only the city's cap "
            "(MAX_GOOGLE_VISION_CALLS_PER_NEW_CITY) holds; it holds in any case."
        ),
    ),
    "architecture": Param(
        None,
        type=["null", "string"],
        enum=[None, *ARCHITECTURES],
        title="Architecture",
        description=(
            "The network: n, s, m, l and x are each larger, better with enough photos, and slower "
            "in the app. Another one than the model in place has starts from the weights of COCO. "
            "Empty: MTS_ARCHITECTURE."
        ),
    ),
    "weights": Param(
        None,
        type=["null", "string"],
        enum=[None, *STARTS],
        title="Starting weights",
        description=(
            "model: those of the model in place, and for a first model or another architecture "
            "those of COCO; coco: those of COCO in any case; none: random ones. Empty: MTS_WEIGHTS."
        ),
    ),
    "epochs": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=2_000,
        title="Epochs",
        description="How often the training sees each photo: 1 to 2,000. Empty: MTS_EPOCHS.",
    ),
    "image_size": Param(
        None,
        type=["null", "integer"],
        minimum=64,
        maximum=1_536,
        multipleOf=32,
        title="Image size",
        description=(
            "Side in pixels to which photos are scaled for training: a multiple of 32, 64 to 1,536. "
            "Empty: MTS_IMAGE_SIZE."
        ),
    ),
    "batch_size": Param(
        None,
        type=["null", "integer"],
        minimum=0,
        maximum=512,
        title="Batch size",
        description=(
            "Photos a step: 1 to 512, or 0 for as many as fit into the GPU's memory. "
            "Empty: MTS_BATCH_SIZE."
        ),
    ),
    "minutes": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=1_380,
        title="Minutes",
        description=(
            "All epochs together take at most so many minutes: 1 to 1,380; what the run may cost "
            "at most follows. Empty: MTS_TIME_LIMIT_SECONDS."
        ),
    ),
    "patience": Param(
        None,
        type=["null", "integer"],
        minimum=0,
        maximum=2_000,
        title="Patience",
        description=(
            "After so many epochs without a better one no more are trained: 1 to 2,000, or 0 to "
            "train them all. Empty: MTS_PATIENCE."
        ),
    ),
    "seed": Param(
        None,
        type=["null", "integer"],
        minimum=0,
        maximum=2_147_483_647,
        title="Seed",
        description=(
            "Where chance begins: the same seed, dataset and parameters are the same training. "
            "Empty: MTS_SEED."
        ),
    ),
    "force_training": Param(
        default=False,
        type="boolean",
        title="Force training",
        description="Train even if too little is new. A dataset must still be possible.",
    ),
}
