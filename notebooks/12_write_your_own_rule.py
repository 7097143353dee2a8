# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: -all
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 12 Write your own rule
#
# > **Minutes**: 60 to read, write and answer, under one to run. **Before this**: 02, feedback
# > alignment; a class in Python. **Seed**: 0, and 0 to 4 where runs are compared.
#
# Feedback alignment sends the error back through random numbers. How exact must they be? A synapse
# that only excites or inhibits, always with the same strength, has one bit to say.
#
# **Is one bit a synapse enough to bring the error back?**
#
# Nobody has to believe an answer, and least of all one's own. So we write the rule, let it be
# checked, break it to see that the checker can tell, and only then compare.

# %%
from itertools import pairwise

import numpy as np

import nofb
from nofb import Dense, Network, rules
from nofb.audit import audit
from nofb.check import check
from nofb.diagnosis import angle
from nofb.plots import Picture, learning_curves, slider
from nofb.plots.style import HUES, OKABE_ITO, look, using
from nofb.rules import Rule, Uses
from nofb.runs.compare import compare
from nofb.runs.specification import Specification

SEED, SEEDS, EPOCHS = 0, 5, 10
COLOURS = [OKABE_ITO[hue] for hue in HUES]

# %% [markdown]
# ## The equation
#
# Feedback alignment's, with a matrix of few values. Let $q$ be drawn evenly from the $2^b$ odd
# numbers $-(2^b - 1), \dots, -1, 1, \dots, 2^b - 1$:
#
# $$
# \begin{aligned}
# B_l &= \frac{q}{\sqrt{n_{l-1}\, \mathbb E[q^2]}}, &
# \delta_{l-1} &= (\delta_l B_l) \circ f'(a_{l-1}), &
# \Delta W_l &= \frac{h_{l-1}^\top \delta_l}{N}
# \end{aligned}
# $$
#
# For $b = 1$ only the sign is drawn. Whatever $b$ is, the entries have the variance $1 / n_{l-1}$:
# what differs is how many bits they have, and not how loud they are.


# %%
def few_values(rng, bits, shape):
    """Return random numbers of mean 0 and variance 1 that take 2^bits values."""
    top = 2**bits - 1
    q = 2.0 * rng.integers(2**bits, size=shape) - top  # -top, ..., -1, 1, ..., top
    return q / np.sqrt((top**2 + 2 * top) / 3)  # E[q²]


for bits in (1, 2, 8):
    drawn = few_values(np.random.default_rng(SEED), bits, 100_000)
    print(f"{bits} bits: {len(np.unique(drawn)):3d} values, variance {drawn.var():.2f}")

# %% [markdown]
# ## The rule
#
# A rule is a class with a name, a claim about what it uses, and two methods: `draw_feedback` puts
# the matrices on the layers, `signals` yields a teaching signal for each layer: it visits the
# layers from the output down, and lets what each of them sends arrive at the one below. The
# layers, the forward pass and the weight step are there already.


# %%
class FewBits(Rule):
    name = "fewbits"
    title = "feedback of few bits"
    uses = Uses(error=True, feedback=True)

    def __init__(self, bits=1):
        self.bits = bits

    def draw_feedback(self, net, rng):
        for layer in net.weighted[1:]:
            B = few_values(rng, self.bits, layer.feedback_shape) / layer.n_in**0.5
            layer.B = B.astype(net.dtype)  # (n_l, n_{l-1})

    def signals(self, net, trace):
        for layer in trace.downward():  # from the output, where ŷ - y waits
            delta = trace.delta(layer)  # all that has arrived, ∘ f'(a_l)  (N, n_l)
            yield layer, delta
            if layer.sends:
                trace.arrive(layer, delta @ layer.B)  # δ_l B_l  (N, n_{l-1})


# %% [markdown]
# ## Is it right?
#
# The checker puts it to a dozen tests and answers each with a number.


# %%
def show(rule, only_failures=False):
    """Print the verdicts on a rule."""
    for test, verdict in check(rule):
        if verdict.passed is False or not only_failures:
            print(f"{verdict.word:6}  {test:24}  {verdict.sentence}")


show(FewBits())

# %% [markdown]
# ## Would it tell?
#
# A checker that passes everything proves nothing. So plant a mistake, and read what it says. The
# first one forgets the slope $f'(a)$, and learns digits all the same: nobody would notice.


# %%
class NoSlope(FewBits):
    def signals(self, net, trace):
        delta = trace.error
        for layer in trace.downward():
            yield layer, delta
            if layer.sends:
                delta = trace.below(layer, delta @ layer.B)


show(NoSlope(), only_failures=True)

# %% [markdown]
# The second one is worse, because it looks better: it copies the weights when it is drawn.


# %%
class Copycat(FewBits):
    def draw_feedback(self, net, rng):
        for layer in net.weighted[1:]:
            layer.B = np.ascontiguousarray(layer.W.T)


show(Copycat(), only_failures=True)

# %% [markdown]
# How does the audit know? It lets the rule live twice, and shows it other weights in the second
# life while everything else stays: a rule that has not looked at $W$ teaches the same in both.
# Here is what it found of both rules, and by which share the steps of hidden layers changed:

# %%
for rule in (FewBits(), Copycat()):
    found = audit(rule)
    print(type(rule).__name__, found.uses)
    print(f"    other sizes of W: {found.changes['transport']:.0%} change", *found.when)

# %% [markdown]
# ## Beside the others
#
# `register` makes the name known to all of nofb. The controls matter most: **bp** shows what the
# feedback path could bring at best, **shallow** what the last layer learns alone, and **fa** draws
# from millions of values instead of two. Nobody has searched for a rate for the new rule; it runs
# with the default, that of `fa`.

# %%
rules.register(FewBits)
settings = Specification(hidden=(32, 16), epochs=EPOCHS)
comparison = compare(["bp", "fa", "fewbits", "shallow"], settings, seeds=SEEDS)
print(settings.replace(rule="fewbits").default_rate)
learning_curves(comparison)

# %% [markdown]
# ## How many bits?
#
# One rule beside one other is an anecdote. `bits` is the lesson's parameter: turn it. The seeds
# give every number of bits the same start; the lines across are the controls. (`fa` is drawn
# less loud, which RMSprop does not notice: it divides every step by its own length.)


# %%
digits = nofb.datasets.load("digits").flat().centred()


def trained(rule, seed, hidden=(32, 16)):
    """Return a rule's test accuracy in per cent, and the angle between its top B and Wᵀ."""
    layers = [Dense(n, m, activation="tanh") for n, m in pairwise([64, *hidden])]
    net = Network([*layers, Dense(hidden[-1], 10)], seed=seed)
    sgd = nofb.RMSprop(lr=0.008, schedule="cosine")
    run = nofb.fit(net, rule, digits, EPOCHS, 32, sgd, seed=seed, probe=0, progress=False)
    last = net.weighted[-1]
    degrees = np.nan if last.B is None else angle(last.B, last.W.T)
    return 100 * run.history["test_accuracy"][-1], degrees


def over_seeds(make, **settings):
    """Return (accuracy, angle) for each seed, (SEEDS, 2)."""
    return np.array([trained(make(), seed, **settings) for seed in range(SEEDS)])


tried = {str(bits): over_seeds(lambda bits=bits: FewBits(bits)) for bits in (1, 2, 3, 4, 8)}
tried["fa"] = over_seeds(rules.FeedbackAlignment)
controls = {"bp": over_seeds(rules.Backprop), "shallow": over_seeds(rules.Shallow)}

# %%
with using("light") as theme:
    picture = Picture(10, 3.6)
    panels = picture.subplots(1, 2)
    for column, axes in enumerate(panels):
        for place, found in enumerate(tried.values()):
            axes.plot(np.full(SEEDS, place), found[:, column], "o", color=COLOURS[0], alpha=0.4)
            axes.plot(place, found[:, column].mean(), "_", color=COLOURS[0], markersize=26)
        axes.set_xticks(range(len(tried)), tried)
        axes.set_xlabel("bits a synapse")
    accuracy, angles = panels
    for name, found in controls.items():
        style = look(name, theme)
        level = found[:, 0].mean()
        accuracy.axhline(level, color=style.colour, ls=style.line, lw=1, label=name)
    accuracy.set_title(f"test accuracy, %: {SEEDS} seeds and their mean")
    accuracy.legend(loc="center right")
    angles.set(title="angle between the top B and Wᵀ, degrees", ylim=(0, 95))
picture

# %% [markdown]
# Fewer bits lose nothing; whether they gain anything the scatter of the seeds does not let us say.
# So it is not in their values that the matrices carry anything. What counts is that they *stay*, so
# that the weights can come to agree with them, sign for sign if there is no more; the angle says
# how far they do.
#
# How few units do with how few bits? The line is feedback alignment with the same units.


# %%
def few_units(bits, units):
    """Draw the accuracy of every seed for so many bits and units in both hidden layers."""
    with using("light"):
        picture = Picture(6, 2.6)
        axes = picture.subplots()
        kinds = (rules.FeedbackAlignment, lambda: FewBits(bits))
        plain, coarse = (over_seeds(kind, hidden=(units, units))[:, 0] for kind in kinds)
        axes.axhline(plain.mean(), color=COLOURS[1], lw=1.4, label="fa, mean of its seeds")
        axes.plot(range(SEEDS), coarse, "o", color=COLOURS[0], label=f"{bits} bits, each seed")
        axes.set(xlabel="seed", xticks=range(SEEDS), ylim=(0, 100), title="test accuracy, %")
        axes.legend(loc="lower right")
    return picture


slider(few_units, bits=(1, 2, 4), units=(4, 8, 16, 32, 64))

# %% [markdown]
# ## Questions
#
# 1. $\mathbb E[q^2] = (4^b - 1) / 3$. Show it, and show that it is what `few_values` divides by.
# 2. Change one sign of `FewBits.signals`, so that hidden layers go uphill. Which test fails, and
#    why does *learns* not? (What would happen to the network if all of $B$ changed its sign?)
# 3. Draw a third value, 0, so that a synapse may be missing. With `drop` as the share of missing
#    ones, how many may be missing before the accuracy falls? Which variance must the others have?
# 4. Let $B$ be drawn anew after every step (`after_step`). It passes every test but one. Which, and
#    what does that say about *why* feedback alignment learns?
# 5. Let $B$ follow the signs of $W$. What must `uses` say now? Say something else, and let the
#    audit object. Then compare with `rules.UniformSignSymmetry`.
# 6. Write a mirror: in `after_step`, send noise up through `layer.activation(xi @ layer.W)` and let
#    one bit of $B$ follow what comes out. Why does the audit not call that a use of $W$, although
#    `layer.W` stands in the line? What would it call `np.tanh(xi @ layer.W)`, and is it right?
