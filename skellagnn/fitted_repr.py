"""What a fitted classifier shows of itself beside its parameters."""

from __future__ import annotations

from typing import Any

from skellagnn.base.showing import html_table, rows_as_text, shorten

__all__ = ["FittedReprMixin"]

_N_CLASSES = 10


class FittedReprMixin:
    """Adds a table to scikit-learn's text and HTML of an estimator, once it is fitted. Stands before BaseEstimator."""

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        parameters: str = super().__repr__(N_CHAR_MAX)  # type: ignore[call-arg]
        rows = fitted_rows(self)
        return rows_as_text(parameters, rows) if rows else parameters

    @property
    def _repr_html_(self) -> Any:
        parameters = super()._repr_html_  # type: ignore[misc]  # none where scikit-learn is set to show text
        return lambda: parameters() + self._fitted_html()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        bundle: dict[str, str] = super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]
        if "text/html" in bundle:
            bundle["text/html"] += self._fitted_html()
        return bundle

    def _fitted_html(self) -> str:
        rows = fitted_rows(self)
        return html_table("Fitted", rows) if rows else ""


def fitted_rows(model: Any) -> list[tuple[str, str]]:
    """Return names and values; none before a fit, or of an object that a failed one, or a debugger, left half made."""
    known = vars(model)
    if not {"classes_", "_trained_on", "queried_nodes_", "llm_usage_", "history_"} <= known.keys():
        return []
    classes, data = known["classes_"], known["_trained_on"]
    usage, history = known["llm_usage_"], known["history_"]
    total, score = usage.total, history.validation_score
    named = ", ".join(shorten(label, 40) for label in classes[:_N_CLASSES])
    view = "" if data["n_in_view"] == data["n_nodes"] else f", {data['n_in_view']:,} in view"
    rows = [
        ("classes", f"{len(classes)}: {named}" + (", ..." if len(classes) > _N_CLASSES else "")),
        ("trained on", f"{data['n_nodes']:,} nodes{view}, {known['n_features_in_']:,} features"),
        ("training", f"{history.n_iter} epochs, of which the weights of epoch {history.best_iter} were kept"),
    ]
    if score:
        rows.append(("validation", f"accuracy {score[max(history.best_iter, 1) - 1]:.3f}"))
    if usage.model is None:
        rows.append(("LLM", "none"))
        return rows
    unused = [(total.failed, "failed"), (total.left, "left by the budget"), (sum(total.bad.values()), "bad")]
    trouble = "".join(f", {count:,} {what}" for count, what in unused if count)
    rows += [
        ("LLM", shorten(usage.model, 80)),
        ("asked about", f"{len(known['queried_nodes_']):,} nodes, {total.questions:,} questions{trouble}"),
    ]
    if known.get("reliability_") is not None:
        rows.append(("reliability", f"answers are right with probability {known['reliability_']:.2f} (estimated)"))
    spent = f"{total.asked:,} calls, {total.tokens_in:,} tokens in, {total.tokens_out:,} out"
    rows.append(("spent", spent if usage.cost is None else f"{spent}, cost {usage.cost:,.4g}"))
    return rows
