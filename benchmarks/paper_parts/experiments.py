"""The experiments: which arms stand in which table. Arms are parameters of the estimator, nothing else.

The docstring of an experiment begins its page of the report: a heading, and how to read the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from paper_parts.records import ASKING, Arm, Table
from skellagnn import PAPER_SETTINGS as PAPER
from skellagnn.selection import SELECTIONS

Params = Mapping[str, Any]

# The paper's method asks all prompts of a catalog, the recipe the default one. Most recorded answers are about nodes
# with the highest PageRank, so that is the selection wherever an arm does not name another.
TOPIC = {"prompts": "topic"}
STRONG = {"enhancer": "strong", "prompts": "keywords+background+topic", "selection": "pagerank"}
# answers that cover all nodes of Cora: GPT-3.5 names classes, Llama and another LLM summarize
FULL = {"enhancer": "full", "prompts": "topic+concise+six_words", "selection": "pagerank"}

# The estimator as it comes, given texts: it chooses the encoder. All other fits read rows of Sentence-BERT alone.
AS_IT_COMES = {"encoder": "auto"}
AUTO, SENTENCES = "minilm+tfidf", "minilm"
PLAIN = "plain"
SAME = "same training, no answers"
WITHOUT = "the same without answers"  # headings of columns
CHANCE = "random selection, same budget"

PLACES = {"cora": "Cora", "wikispeedia": "Wikispeedia"}
# PageRank as far as the recorded plan goes; a fifth of these for selections at random on Wikispeedia
LARGEST = {"cora": 0.25, "wikispeedia": 600}
CHANCE_REACHES = {"cora": 0.1, "wikispeedia": 0.025}


@dataclass(frozen=True)
class Scale:
    """How much is run.

    Parameters
    ----------
    n_seeds : int
        Of all but the deepest networks.
    quick : bool
        A few arms of each experiment.
    data : tuple of str
        Data sets.
    """

    n_seeds: int = 10
    quick: bool = False
    data: tuple[str, ...] = ("cora", "wikispeedia")

    @property
    def deep(self) -> int:
        """Seeds of the deepest networks."""
        return min(self.n_seeds, 3)


def percent(ratio: float | int, data: str = "cora") -> str:
    if isinstance(ratio, int):
        ratio = ratio / {"cora": 2708, "wikispeedia": 4598}[data]
    return f"{100 * ratio:.3g} %" if ratio < 0.1 else f"{100 * ratio:.0f} %"


def bases(common: Params, *, kind: str = "transductive", prefix: str = "", n_seeds: int | None = None) -> list[Arm]:
    """Return the two arms without LLM: the plain network, and the recipe's training."""
    same = Arm(prefix + SAME, {**common, "enhancer": None}, kind=kind, n_seeds=n_seeds)
    plain = Arm(prefix + PLAIN, {**common, **PAPER, "enhancer": None}, {WITHOUT: same.name}, kind=kind, n_seeds=n_seeds)
    return [plain, same]


def method(
    name: str,
    params: Params,
    *,
    paper: bool = False,
    chance: str | None = None,
    prefix: str = "",
    versus: Mapping[str, str] | None = None,
    kind: str = "transductive",
    n_seeds: int | None = None,
) -> Arm:
    """Return an arm with LLM, next to its own training without answers."""
    compared = {WITHOUT: prefix + (PLAIN if paper else SAME)}
    if chance is not None:
        compared[CHANCE] = chance
    return Arm(name, {**params, **(PAPER if paper else {})}, {**compared, **(versus or {})}, kind=kind, n_seeds=n_seeds)


def pair(
    ratio: float | int,
    data: str,
    asked: Params,
    *,
    selection: str = "pagerank",
    chance: str | None = "uniform",
    prefix: str = "",
    kind: str = "transductive",
    n_seeds: int | None = None,
    paper_chance: bool = True,
) -> list[Arm]:
    """Return the paper's method and the recipe at one budget of nodes, each also with nodes chosen at random.

    The paper's method asks the prompts of ``asked``, the recipe only the one that names classes.

    ``chance`` names the selection at random, None where the recorded answers allow none.
    """
    arms = []
    for label, paper in (("the paper", True), ("recipe", False)):
        name = f"{prefix}{label}, {percent(ratio, data)}"
        at_random = f"{name} at random" if chance and (paper_chance or not paper) else None
        params = {**asked, **({} if paper else TOPIC), "augmentation_ratio": ratio}
        options: dict[str, Any] = {"paper": paper, "prefix": prefix, "kind": kind, "n_seeds": n_seeds}
        arms.append(method(name, {**params, "selection": selection}, chance=at_random, **options))
        if at_random:
            arms.append(method(at_random, {**params, "selection": chance}, **options))
    return arms


def main_arms(data: str, common: Params | None = None, *, n_seeds: int | None = None, prefix: str = "") -> list[Arm]:
    """Return the arms of every comparison, at 10 % by PageRank.

    Where too few nodes were answered at random for 10 %, selections are compared at the budget that there is.
    """
    common = common or {}
    asked = {**STRONG, **common}
    arms = bases(common, prefix=prefix, n_seeds=n_seeds)
    reach = CHANCE_REACHES[data]
    options: dict[str, Any] = {"prefix": prefix, "n_seeds": n_seeds}
    arms += pair(0.1, data, asked, chance="uniform" if reach >= 0.1 else None, **options)
    if reach < 0.1:
        arms += pair(reach, data, asked, **options)
    return arms


# -- experiments ------------------------------------------------------------------------------------------------


def headline(scale: Scale) -> list[Table]:
    """The paper's encoder.

    The estimator with its defaults, but for the texts, which Sentence-BERT alone encodes, as in the paper. So are those
    of all other experiments except *the estimator as it comes* and *encoders*.
    """
    tables = []
    for data in scale.data:
        arms = bases({})
        # what a user of GraphSAGE would have without this package: nothing ranks neighbors there
        arms.append(Arm(f"{PLAIN}, all neighbors", {**arms[0].params, "n_neighbors": None}, {WITHOUT: SAME}))
        arms += pair(0.1, data, STRONG, chance="uniform" if CHANCE_REACHES[data] >= 0.1 else None)
        title = f"{PLACES[data]}, 20 labels a class, GraphSAGE"
        tables.append(Table("headline", title, data, "20 a class", tuple(arms), scale.n_seeds))
    return tables


def splits(scale: Scale) -> list[Table]:
    """Splits.

    20 labels a class with 500 validation nodes; 60/20/20; the public split of Cora; five labels a class (the first five
    of the twenty, same validation and test nodes). The fewer the labels, the more an LLM can add.
    """
    tables = []
    for data in scale.data:
        names = ["20 a class", "60/20/20", "5 a class"] + (["public"] if data == "cora" else [])
        for split in names[:2] if scale.quick else names:
            arms = main_arms(data)
            if scale.quick and split != "20 a class":
                arms = [*bases({}), *pair(0.1, data, STRONG, chance=None)]
            title = f"{PLACES[data]}, {_describe(split)}"
            tables.append(Table("splits", title, data, split, tuple(arms), scale.n_seeds))
    return tables


def _describe(split: str) -> str:
    return {"20 a class": "20 labels a class", "5 a class": "5 labels a class", "public": "the public split"}.get(
        split, split
    )


def parts(scale: Scale) -> list[Table]:
    """Part by part.

    All of the recipe, and all of it but for what the row says. The column *all of it* is the paired difference to the
    whole: a part that is worth its place shows a negative difference where it is left out.
    """
    asked = {**STRONG, **TOPIC, "augmentation_ratio": 0.1}
    switches: dict[str, Params] = {
        "no teacher": {"teacher": None},
        "no self-training": {"teacher__n_rounds": 0},
        "no soft targets": {"answer_weight": 0},
        "no views": {"view_probability": 0},
        "answers weigh 0.5": {"answer_weight": 0.5},
        "answers weigh 2": {"answer_weight": 2},
        "teacher weighs 1": {"teacher__weight": 1},
        "teacher weighs 4": {"teacher__weight": 4},
    }
    if scale.quick:
        switches = {name: switches[name] for name in ("no teacher", "no soft targets")}
    tables = []
    for data in scale.data:
        whole = "recipe, 10 %"
        arms = [*bases({}), method(whole, asked)]
        for name, params in switches.items():
            without = SAME
            if not params.keys() <= ASKING:  # this part is also there without an LLM
                without = f"{name}, {SAME}"
                arms.append(Arm(without, {**params, "enhancer": None}))
            arms.append(Arm(name, {**asked, **params}, {WITHOUT: without, "all of it": whole}))
        title = f"{PLACES[data]}, one part at a time"
        tables.append(Table("parts", title, data, "20 a class", tuple(arms), scale.n_seeds))
    return tables


def ratio(scale: Scale) -> list[Table]:
    """How many nodes to query.

    The paper: 5 to 25 % is best, and 100 % is worse. The column *10 %* compares all nodes with a tenth of them; if 100
    % degraded, it would be negative by more than two standard errors.
    """
    tables = []
    for data in scale.data:
        arms = bases({})
        for share in (CHANCE_REACHES[data],) if scale.quick else (0.025, 0.05, 0.1, LARGEST[data]):
            reached = share != LARGEST[data] and share <= CHANCE_REACHES[data]
            selection = "recorded" if share == LARGEST[data] else "pagerank"
            arms += pair(share, data, STRONG, selection=selection, chance="uniform" if reached else None)
        title = f"{PLACES[data]}, strong LLM"
        tables.append(Table("ratio", title, data, "20 a class", tuple(arms), scale.n_seeds))
    arms = bases({})
    for share in (0.1, 1.0) if scale.quick else (0.025, 0.05, 0.1, 0.25, 0.5, 1.0):
        chance = None if share == 1 else "random"  # all nodes are all nodes
        arms += pair(share, "cora", FULL, chance=chance, paper_chance=not scale.quick)
    # does asking about all degrade? against the best budget that the paper names
    arms = [
        Arm(arm.name, arm.params, {**arm.versus, "10 %": f"{arm.name.split(',')[0]}, 10 %"})
        if arm.name in ("the paper, 100 %", "recipe, 100 %")
        else arm
        for arm in arms
    ]
    title = "Cora, GPT-3.5's classes and Llama's summaries"
    if "cora" in scale.data:
        tables.append(Table("ratio", title, "cora", "20 a class", tuple(arms), scale.n_seeds))
    return tables


def backbones(scale: Scale) -> list[Table]:
    """Backbones and depth.

    The paper: the method helps shallow and deep networks. Read down the layers: what plain training loses with depth,
    what the recipe's training keeps without LLM, and what the answers add to each.
    """
    tables = []
    names = ("gcn",) if scale.quick else ("gcn", "sage", "gat", "gcn2", "mlp")
    for data in scale.data:
        for backbone in names:
            depths = (2,) if backbone == "mlp" or data != "cora" else (2, 8) if scale.quick else (2, 4, 8, 16)
            arms: list[Arm] = []
            for depth in depths:
                common = {"backbone": backbone, "n_layers": depth}
                n_seeds = scale.deep if depth == 16 else scale.n_seeds
                prefix = f"{depth} layers: "
                if depth == 2:
                    arms += main_arms(data, common, n_seeds=n_seeds, prefix=prefix)
                else:
                    arms += bases(common, prefix=prefix, n_seeds=n_seeds)
                    arms += pair(0.1, data, {**STRONG, **common}, chance=None, prefix=prefix, n_seeds=n_seeds)
            title = f"{PLACES[data]}, {backbone}"
            tables.append(Table("backbones", title, data, "20 a class", tuple(arms), scale.n_seeds))
    return tables


def gradients(scale: Scale) -> list[Table]:
    """Flow of gradients.

    Norm of the gradient of each layer's weights over training, mean over epochs and seeds, all epochs run. If LLM views
    helped gradients to flow, as the paper says, those of the first layers would be larger with views than without, and
    larger than with views of random nodes.
    """
    if "cora" not in scale.data:
        return []
    arms: list[Arm] = []
    # all epochs: the flow of gradients after the best one counts, too
    common = {"n_iter_no_change": 1_000_000}
    for backbone in ("gcn",) if scale.quick else ("gcn", "sage"):
        for depth in (8,) if scale.quick else (8, 16):
            shape = {**common, "backbone": backbone, "n_layers": depth}
            prefix = f"{backbone}, {depth} layers: "
            plain = Arm(f"{prefix}{PLAIN}", {**shape, **PAPER, "enhancer": None}, kind="gradients")
            asked = {**shape, **STRONG, "augmentation_ratio": 0.1, **PAPER}
            chance = f"{prefix}the paper, 10 % at random"
            versus = {WITHOUT: plain.name, **({} if scale.quick else {CHANCE: chance})}
            arms += [plain, Arm(f"{prefix}the paper, 10 %", asked, versus, kind="gradients")]
            if not scale.quick:
                random = {**asked, "selection": "uniform"}
                arms.append(Arm(chance, random, {WITHOUT: plain.name}, kind="gradients"))
    return [Table("gradients", "Cora, deep networks", "cora", "20 a class", tuple(arms), scale.deep)]


def inference(scale: Scale) -> list[Table]:
    """Without the LLM in prediction.

    The paper: predicting without LLM costs almost nothing. *The training graph* is the setting of all other tables. *A
    graph never seen*: test nodes and their edges are taken out before training, and come back for prediction; queried
    nodes are then selected among those of the training graph that have answers.
    """
    tables = []
    for data in scale.data:
        title = f"{PLACES[data]}, the training graph"
        tables.append(Table("inference", title, data, "20 a class", tuple(main_arms(data)), scale.n_seeds))
        for split in ("60/20/20",) if scale.quick else ("20 a class", "60/20/20"):
            arms = bases({}, kind="inductive")
            chance = "uniform" if data == "cora" and not scale.quick else None
            arms += pair(0.1, data, STRONG, selection="recorded", chance=chance, kind="inductive")
            title = f"{PLACES[data]}, a graph never seen, {_describe(split)}"
            tables.append(Table("inference", title, data, split, tuple(arms), scale.n_seeds))
    return tables


def selection(scale: Scale) -> list[Table]:
    """Which nodes to query.

    Every built-in selection at the same budget, both directions where there are two: central (`pagerank`, `degree`) or
    outlying (`low_degree`), long texts or short ones, the typical ones of each cluster (`clustering`, the default), and
    those of which labels say least (`margin`, `margin_random`). The column to read is the difference to random
    selection.
    """
    tables = []
    heuristics = [*SELECTIONS]
    if "cora" in scale.data:
        arms = bases({})
        for label, paper in (("recipe", False), ("the paper", True)):
            if paper and scale.quick:
                continue
            for name in ["pagerank", "clustering", "random"] if scale.quick else heuristics:
                prompts = FULL["prompts"] if paper else TOPIC["prompts"]
                params = {**FULL, "prompts": prompts, "augmentation_ratio": 0.1, "selection": name}
                chance = None if name == "random" else f"{label}, random"
                arms.append(method(f"{label}, {name}", params, paper=paper, chance=chance))
        title = "Cora, GPT-3.5's classes and Llama's summaries, 10 %"
        tables.append(Table("selection", title, "cora", "20 a class", tuple(arms), scale.n_seeds))
    for data in scale.data:
        share = CHANCE_REACHES[data]
        arms = [*bases({}), *pair(share, data, STRONG)]
        title = f"{PLACES[data]}, strong LLM, {percent(share)}"
        tables.append(Table("selection", title, data, "20 a class", tuple(arms), scale.n_seeds))
    return tables


def prompts(scale: Scale) -> list[Table]:
    """Prompts.

    Each prompt alone, pairs, and all three. Only `topic` names classes, and so gives soft labels; the others give
    views. The column *all three* compares a set with the whole catalog.
    """
    sets = ["keywords", "background", "topic", "keywords+background", "keywords+topic", "background+topic"]
    everything = STRONG["prompts"]
    tables = []
    for data in scale.data:
        arms = bases({})
        reached = CHANCE_REACHES[data] >= 0.1
        for label, paper in (("recipe", False), ("the paper", True)):
            whole = f"{label}, {everything}"
            chance = f"{whole}, at random" if reached else None
            params = {**STRONG, "augmentation_ratio": 0.1}
            arms.append(method(whole, params, paper=paper, chance=chance))
            if chance:
                arms.append(method(chance, {**params, "selection": "uniform"}, paper=paper))
            for names in (["topic"] if not paper else []) if scale.quick else sets:
                arms.append(
                    method(f"{label}, {names}", {**params, "prompts": names}, paper=paper, versus={"all three": whole})
                )
        title = f"{PLACES[data]}, strong LLM, 10 %"
        tables.append(Table("prompts", title, data, "20 a class", tuple(arms), scale.n_seeds))
    return tables


def neighbors(scale: Scale) -> list[Table]:
    """Neighbors and queries.

    K neighbors are kept, ranked by similarity with the LLM-enhanced vector of a queried node. Below: how many edges
    stay, and the fraction of them that joins nodes of one class, under this ranking and by its raw vector; only queried
    nodes can differ, so these also stand alone.
    """
    tables = []
    for data in scale.data:
        arms: list[Arm] = []
        kept: list[Arm] = []
        for k in (10, None) if scale.quick else (3, 5, 10, 20, None):
            prefix = "all neighbors: " if k is None else f"K = {k}: "
            common = {"n_neighbors": k}
            asked = {**STRONG, **common, "augmentation_ratio": 0.1}
            arms += bases(common, prefix=prefix)
            for label, paper in (("the paper", True), ("recipe", False)):
                name = f"{prefix}{label}"
                own = asked if paper else {**asked, **TOPIC}
                # with all neighbors --quick leaves it to K = 10, where the recipe at random is run anyway
                reached = CHANCE_REACHES[data] >= 0.1 and not (scale.quick and k is None)
                chance = f"{name}, at random" if reached and not paper else None
                arms.append(method(name, own, paper=paper, prefix=prefix, chance=chance))
                if chance:
                    arms.append(method(chance, {**own, "selection": "uniform"}, prefix=prefix))
            kept.append(Arm(prefix.removesuffix(": "), asked, kind="edges", n_seeds=1))
        title = f"{PLACES[data]}, strong LLM, 10 %"
        tables.append(Table("neighbors", title, data, "20 a class", tuple(arms), scale.n_seeds))
        title = f"{PLACES[data]}, edges that are kept"
        tables.append(Table("neighbors", title, data, "20 a class", tuple(kept), 1))
    return tables


def llms(scale: Scale) -> list[Table]:
    """Weak and strong LLMs.

    A bad LLM should cost its price and nothing else: *random answers* name two classes by chance, *always the same
    class* names the largest, *two classes swapped* are the strong LLM's answers with the names of the two largest
    classes exchanged. *Always right* names the true class: so much could any LLM add at that budget. The models "no
    examples" named one class of Cora for three quarters of its nodes; PageRank and chance choose among those.
    """
    tables = []
    for data in scale.data:
        arms = bases({})
        chance = "uniform" if CHANCE_REACHES[data] >= 0.1 else None
        strong = f"strong LLM, {percent(0.1)}"

        def add(
            name: str,
            asked: Params,
            share: float,
            selection: str,
            chance: str | None,
            arms: list[Arm] = arms,
            versus: Mapping[str, str] | None = None,
        ) -> None:
            params = {**asked, "augmentation_ratio": share}
            at_random = f"{name}, at random" if chance else None
            arms.append(method(name, {**params, "selection": selection}, chance=at_random, versus=versus))
            if at_random:
                arms.append(method(at_random, {**params, "selection": chance}))

        topic_alone = {**STRONG, **TOPIC}
        add(strong, topic_alone, 0.1, "pagerank", chance)
        against = {"strong LLM": strong}
        add("strong LLM, all three prompts, 10 %", STRONG, 0.1, "pagerank", None)
        some = None if scale.quick else chance
        add("two classes swapped, 10 %", {**topic_alone, "enhancer": "swapped"}, 0.1, "pagerank", some, versus=against)
        for name, recording in (
            ("always right", "right"),
            ("random answers", "random"),
            ("always the same class", "constant"),
        ):
            asked = {"enhancer": recording, **TOPIC}
            some = None if recording == "constant" or scale.quick else "random"
            add(f"{name}, 10 %", asked, 0.1, "pagerank", some)
            if recording != "right" and not scale.quick:
                add(f"{name}, 25 %", asked, 0.25, "pagerank", None)
        if data == "cora":
            add("GPT-3.5, 25 %", {**FULL, **TOPIC}, 0.25, "pagerank", "random")
            if not scale.quick:
                add("GPT-3.5 and Llama's summaries, 25 %", FULL, 0.25, "pagerank", "random")
                for model in ("gpt-4o", "gpt-3.5-turbo", "deepseek-chat", "llama3-70b"):
                    asked = {"enhancer": model, **TOPIC}
                    add(f"{model}, no examples, 25 %", asked, 0.25, "recorded", "recorded at random")
        title = f"{PLACES[data]}, weak and strong LLMs"
        tables.append(Table("llms", title, data, "20 a class", tuple(arms), scale.n_seeds))
    return tables


def defaults(scale: Scale) -> list[Table]:
    """The estimator as it comes.

    Texts in, nothing chosen but the backbone, the queried nodes (those with the highest PageRank, since of these there
    are recorded answers) and what the arm is named after.
    """
    kind = "texts"
    asked = {**STRONG, **TOPIC, **AS_IT_COMES, "augmentation_ratio": 0.1}
    tables = []

    def recipe(name: str = "recipe, 10 %", prefix: str = "", chance: str | None = None, **changed: Any) -> Arm:
        return method(prefix + name, {**asked, **changed}, chance=chance, prefix=prefix, kind=kind)

    def add(title: str, data: str, arms: Sequence[Arm], split: str = "20 a class") -> None:
        tables.append(Table("defaults", f"{PLACES[data]}, {title}", data, split, tuple(arms), scale.n_seeds))

    for data in scale.data:
        arms = bases(AS_IT_COMES, kind=kind)
        everyone = {**arms[0].params, "n_neighbors": None}
        arms.append(Arm(f"{PLAIN}, all neighbors", everyone, {WITHOUT: SAME}, kind=kind))
        arms.append(method("the paper, 10 %", {**asked, "prompts": STRONG["prompts"]}, paper=True, kind=kind))
        chance = "recipe, 10 % at random" if CHANCE_REACHES[data] >= 0.1 else None
        arms.append(recipe(chance=chance))
        if chance:
            arms.append(recipe(chance, selection="uniform"))
        add("20 labels a class, GraphSAGE", data, arms)
        if scale.quick:
            continue
        arms = []
        for backbone in ("sage", "gcn", "gat", "gcn2", "mlp"):
            common = {**AS_IT_COMES, "backbone": backbone}
            arms += bases(common, kind=kind, prefix=f"{backbone}: ")
            arms.append(recipe(prefix=f"{backbone}: ", backbone=backbone))
        add("backbones", data, arms)
        for split in ["60/20/20", "5 a class"] + (["public"] if data == "cora" else []):
            add(_describe(split), data, [*bases(AS_IT_COMES, kind=kind), recipe()], split)
        arms = [*bases(AS_IT_COMES, kind=kind), recipe("strong LLM, 10 %")]
        for name, enhancer in (
            ("always right, 10 %", "right"),
            ("strong LLM, wrong topics left out, 10 %", "unerring"),
            ("two classes swapped, 10 %", "swapped"),
            ("random answers, 10 %", "random"),
            ("always the same class, 10 %", "constant"),
        ):
            arms.append(recipe(name, enhancer=enhancer))
        if data == "cora":
            weak: dict[str, Any] = {"enhancer": "full", "augmentation_ratio": 0.25}
            arms.append(recipe("GPT-3.5, 25 %", chance="GPT-3.5, 25 % at random", **weak))
            arms.append(recipe("GPT-3.5, 25 % at random", **weak, selection="random"))
        add("weak and strong LLMs", data, arms)
    return tables


def encoders(scale: Scale) -> list[Table]:
    """Encoders.

    The default encoder and its two parts alone, all from texts and run on one machine. A sentence embedding says what a
    text is about and forgets its rare words; TF-IDF knows nothing else. The column *minilm* compares with the same
    arm on Sentence-BERT's vectors.
    """
    tables = []
    for data in scale.data:
        arms: list[Arm] = []
        for name in (SENTENCES, AUTO) if scale.quick else (SENTENCES, "tfidf", AUTO):
            common = AS_IT_COMES if name == AUTO else {"encoder": name}
            prefix = f"{name}: "
            own = bases(common, prefix=prefix, kind="texts")
            asked = {**STRONG, **TOPIC, **common, "augmentation_ratio": 0.1}
            own.append(method(f"{prefix}recipe, 10 %", asked, prefix=prefix, kind="texts"))
            if name != SENTENCES:
                own = [
                    replace(arm, versus={**arm.versus, SENTENCES: arm.name.replace(prefix, f"{SENTENCES}: ")})
                    for arm in own
                ]
            arms += own
        title = f"{PLACES[data]}, encoders"
        tables.append(Table("encoders", title, data, "20 a class", tuple(arms), scale.n_seeds))
    return tables


# In the order in which they are run: what shares most with others first.
EXPERIMENTS: dict[str, Callable[[Scale], list[Table]]] = {
    "defaults": defaults,
    "encoders": encoders,
    "headline": headline,
    "parts": parts,
    "splits": splits,
    "ratio": ratio,
    "llms": llms,
    "inference": inference,
    "selection": selection,
    "prompts": prompts,
    "neighbors": neighbors,
    "backbones": backbones,
    "gradients": gradients,
}


def make_tables(names: Sequence[str], scale: Scale) -> list[Table]:
    return [table for name in names for table in EXPERIMENTS[name](scale)]
