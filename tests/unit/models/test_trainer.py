"""The model is a citizen of transformers: its Trainer trains, evaluates and saves it."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Trainer, TrainingArguments

import tiny
from mlcl.models import MLCLModel

ITEMS = 7


def dataset(classes: int = 0) -> list[dict[str, Any]]:
    batch = tiny.batch(items=ITEMS, classes=classes, dtype=torch.float32)
    return [tiny.take(batch, item) for item in range(ITEMS)]


def collate(items: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    return {name: torch.stack([item[name] for item in items]) for name in items[0]}


@pytest.mark.parametrize(("classes", "problem"), [(0, "regression"), (2, "single_label_classification")])
def test_the_trainer_of_transformers_lowers_the_loss(tmp_path: Path, classes: int, problem: str) -> None:
    torch.manual_seed(0)
    model = MLCLModel(tiny.config(num_labels=max(classes, 1), problem_type=problem))
    arguments = TrainingArguments(
        output_dir=str(tmp_path),
        max_steps=12,
        per_device_train_batch_size=ITEMS,
        per_device_eval_batch_size=3,
        learning_rate=1e-2,
        lr_scheduler_type="constant",
        report_to="none",
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
        seed=0,
    )
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=dataset(classes),
        eval_dataset=dataset(classes),
        data_collator=collate,
    )
    before = trainer.evaluate()["eval_loss"]
    trainer.train()
    assert trainer.evaluate()["eval_loss"] < 0.7 * before

    predicted = trainer.predict(dataset(classes))
    assert predicted.predictions.shape == (ITEMS, max(classes, 1))
    trainer.save_model(str(tmp_path / "model"))
    again = MLCLModel.from_pretrained(tmp_path / "model")
    with torch.no_grad():
        logits = again(**collate(dataset(classes))).logits
    torch.testing.assert_close(logits, torch.from_numpy(predicted.predictions), rtol=0, atol=1e-5)  # other batch sizes
