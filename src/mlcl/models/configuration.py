"""What the configurations of all models share: options as fields, the sizes that data give, and the checks."""

from difflib import get_close_matches
from inspect import cleandoc, get_annotations
from typing import Any, ClassVar, Literal

from pydantic import ValidationError
from transformers import AutoConfig, PreTrainedConfig
from transformers.configuration_utils import SubConfigSpec

from mlcl.options import HKTOptions, MLCLOptions, Section
from mlcl.options.section import refused


class ModelConfig(PreTrainedConfig):
    """Base of every model's configuration.

    A subclass names the options of its model: ``class MAGConfig(MultimodalConfig, options=MAGOptions)``. They become
    its fields, with the defaults and explanations of the options, and every value is held to their bounds and choices.

    Attributes:
        text_config: Configuration of the text encoder, any `AutoModel`.
    """

    keys_to_ignore_at_inference: ClassVar[list[str]] = ["terms", "embedding"]
    sub_configs_defaults: ClassVar[dict[str, Any]] = {
        "text_config": SubConfigSpec(config_class=AutoConfig, model_type="bert")
    }
    options: ClassVar[type[Section]] = Section

    text_config: dict[str, Any] | PreTrainedConfig | None = None

    def __init_subclass__(cls, *, options: type[Section] | None = None, **arguments: Any) -> None:
        if options is not None:
            cls.options = options
            fields = {name: field for name, field in options.model_fields.items() if name != "name"}
            cls.__annotations__ = {**get_annotations(cls), **{name: f.annotation for name, f in fields.items()}}
            for name, field in fields.items():
                setattr(cls, name, field.default)
            lines = [f"    {name}: {field.description}" for name, field in fields.items()]
            cls.__doc__ = "\n".join([cleandoc(cls.__doc__ or ""), "", "Options:", *lines])
        super().__init_subclass__(**arguments)

    def __post_init__(self, **kwargs: Any) -> None:
        for name in kwargs:
            if meant := get_close_matches(name, self.options.model_fields, n=1, cutoff=0.8):
                raise ValueError(f"unknown option {name!r}; did you mean {meant[0]!r}?")
        super().__post_init__(**kwargs)
        self.check()

    def check(self) -> None:
        """Refuse options that are out of bounds or contradict one another; a model checks again when it is built.

        Raises:
            ValueError: Naming the option, its value and what is allowed.
        """
        names = self.options.model_fields.keys() - {"name"}
        try:
            valid = self.options.model_validate({name: getattr(self, name) for name in names})
        except ValidationError as error:
            first = error.errors()[0]
            raise ValueError(refused(".".join(map(str, first["loc"])), first)) from None
        for name in names:
            setattr(self, name, getattr(valid, name))
        width, heads = getattr(self, "d_model", 0), getattr(self, "num_heads", 1)
        if width % heads:
            raise ValueError(f"d_model ({width}) must be a multiple of num_heads ({heads})")

    def check_problem(self) -> None:
        """Refuse, when a model is built, a kind of label that no model has.

        Raises:
            ValueError: Naming what is allowed.
        """
        if self.problem_type == "multi_label_classification":
            raise ValueError(f"problem_type = {self.problem_type!r}: a model gives one score, or chooses one class")
        if self.problem_type == "regression" and self.num_labels != 1:
            raise ValueError(
                f"problem_type = 'regression' has one output, not num_labels = {self.num_labels}; "
                "for classes take problem_type = 'single_label_classification'"
            )


class MultimodalConfig(ModelConfig):
    """Base for models that take all three modalities.

    Attributes:
        acoustic_dim: Columns of an acoustic row.
        visual_dim: Columns of a visual row.
    """

    acoustic_dim: int = 74
    visual_dim: int = 47


class MLCLConfig(MultimodalConfig, options=MLCLOptions):
    r"""Configuration of `MLCLModel`.

    The paper's weights are $\alpha$ = `umcl_weight`, $\beta$ = `tmcl_weight`, $\gamma$ = `bmcl_weight`: beta weighs
    the tri-modal level and gamma the bi-modal one.
    """

    model_type = "mlcl"


HCF = "hcf"
RowKind = Literal["acoustic", "visual", "hcf"]
ROWS: tuple[RowKind, ...] = ("acoustic", "visual", "hcf")


class HKTConfig(MultimodalConfig, options=HKTOptions):
    """Configuration of `HKTModel`; the sizes are those published for UR-FUNNY, whose text encoder is ALBERT.

    Attributes:
        hcf_dim: Columns of a row of humor-centric features; 0 where the file has none, and no encoder then.
    """

    model_type = "mlcl_hkt"

    acoustic_dim: int = 60
    visual_dim: int = 36
    hcf_dim: int = 4

    def heads(self, option: str, width: int) -> int:
        """How many heads that option gives a width."""
        wanted: int = getattr(self, option)
        if width % wanted == 0:
            return wanted
        if not self.fit_heads:
            raise ValueError(f"{option} = {wanted} does not divide a width of {width}; fit_heads=true takes fewer")
        return max(number for number in range(1, wanted) if width % number == 0)

    @property
    def num_scores(self) -> int:
        """Width of a head: one score for one output and for two classes, else one per class."""
        return 1 if self.num_labels == 2 else self.num_labels
