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
# >
# > **Rule**: [fa](../nofb/rules/feedback_alignment.py). In a terminal: `nofb explain fa`.
#
# Feedback alignment sends the error back through random numbers. How many different values must
# they have? A synapse that only excites or inhibits, always with the same strength, has one bit.
#
# **Is one bit per synapse enough for the feedback?**
#
# A result needs a check, in particular a result of your own. So we write the rule, check it, plant
# mistakes to see whether the checker finds them, and only then compare.

# %%
from itertools import pairwise

import numpy as np

import nofb
from nofb import Dense, Network, rules
from nofb.audit import audit
from nofb.check import check
from nofb.diagnosis import angle
from nofb.plots import learning_curves, lessons, slider
from nofb.rules import Rule, Uses
from nofb.runs.compare import compare
from nofb.runs.specification import Specification

SEED, SEEDS, EPOCHS = 0, 5, 10

# %% [markdown]
# ## The equation
#
# The equation is that of feedback alignment, with a matrix of few values. Draw $q$ uniformly from
# the $2^b$ odd numbers $-(2^b - 1), \dots, -1, 1, \dots, 2^b - 1$:
#
# $$
# \begin{aligned}
# B_l &= \frac{q}{\sqrt{n_{l-1}\, \mathbb E[q^2]}}, &
# \delta_{l-1} &= (\delta_l B_l) \circ f'(a_{l-1}), &
# \Delta W_l &= \frac{h_{l-1}^\top \delta_l}{N}
# \end{aligned}
# $$
#
# For $b = 1$ only the sign is random. For any $b$, the entries have the variance $1 / n_{l-1}$:
# only the number of bits differs, not the scale.


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
# A rule is a class with a name, a statement of what it uses, and two methods. `draw_feedback` draws
# the matrices of the layers. `signals` yields a teaching signal for each layer: it goes through the
# layers from last to first, and sends the signal of each layer to the layer below. The library has
# the layers, the forward pass and the weight update.


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
        for layer in trace.downward():  # the output layer first, with ŷ - y
            delta = trace.delta(layer)  # the sum of all signals, ∘ f'(a_l)  (N, n_l)
            yield layer, delta
            if layer.sends:
                trace.arrive(layer, delta @ layer.B)  # δ_l B_l  (N, n_{l-1})


# %% [markdown]
# ## Is it right?
#
# The checker runs a dozen tests, and gives the result of each as a number.


# %%
def show(rule, only_failures=False):
    """Print the verdicts on a rule."""
    for test, verdict in check(rule):
        if verdict.passed is False or not only_failures:
            print(f"{verdict.word:6}  {test:24}  {verdict.sentence}")


show(FewBits())

# %% [markdown]
# ## Does the checker find mistakes?
#
# A checker that passes everything proves nothing. So plant a mistake, and read the result. The
# first mistake is a missing slope $f'(a)$. This rule still learns digits, so the mistake is easy to
# overlook.


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
# The second mistake is worse, because the rule looks better: `draw_feedback` copies the weights.


# %%
class CopiedWeights(FewBits):
    def draw_feedback(self, net, rng):
        for layer in net.weighted[1:]:
            layer.B = np.ascontiguousarray(layer.W.T)


show(CopiedWeights(), only_failures=True)

# %% [markdown]
# How does the audit detect this? It runs the rule twice from the same state, and replaces the
# weights in the second run: a rule that does not read $W$ has the same signals in both. These are
# its findings for both rules, with the relative change of the updates of hidden layers:

# %%
for rule in (FewBits(), CopiedWeights()):
    found = audit(rule)
    print(type(rule).__name__, found.uses)
    print(f"    other W: {found.changes['transport']:.0%} change", *found.when)

# %% [markdown]
# ## Comparison with other rules
#
# After `register`, the name works everywhere in nofb. The controls are the most important: **bp**
# shows the best possible feedback, **shallow** shows what the last layer learns alone, and **fa**
# draws from millions of values instead of two. There is no searched learning rate for the new rule;
# it uses the default, the rate of `fa`.

# %%
rules.register(FewBits)
settings = Specification(hidden=(32, 16), epochs=EPOCHS)
comparison = compare(["bp", "fa", "fewbits", "shallow"], settings, seeds=SEEDS)
print(settings.replace(rule="fewbits").default_rate)
learning_curves(comparison)

# %% [markdown]
# ## How many bits?
#
# One comparison of two rules is not enough. Now change the parameter `bits`. For every number of
# bits, the seeds have the same initial weights; the horizontal lines are the controls. (The
# matrices of `fa` have a smaller scale. With RMSprop this has no effect, since it divides every
# step by its usual length.)


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
heights = {name: found[:, 0].mean() for name, found in controls.items()}
lessons.seeds(tried, heights, "bits per synapse")

# %% [markdown]
# Using fewer bits does not reduce accuracy. Five seeds are too few to say whether it increases it.
# So the exact values of $B$ do not matter. It matters that they *stay fixed*, so that the weights
# can align with them, even if only the signs can agree. The angle shows how far they align.
#
# How few units and bits are enough? The line is feedback alignment with the same units.


# %%
def few_units(bits, units):
    """Draw the accuracy of every seed, for these bits and units in both hidden layers."""
    kinds = {"fa": rules.FeedbackAlignment, f"{bits} bits": lambda: FewBits(bits)}
    found = {name: over_seeds(kind, hidden=(units, units)) for name, kind in kinds.items()}
    return lessons.seeds(found, {}, f"{units} units in each hidden layer")


slider(few_units, bits=(1, 2, 4), units=(4, 8, 16, 32, 64))

# %% [markdown]
# ## Questions
#
# 1. $\mathbb E[q^2] = (4^b - 1) / 3$. Prove it, and show that `few_values` divides by its root.
# 2. Change one sign in `FewBits.signals`, so that the hidden layers increase the loss. Which test
#    fails, and why does *learns* not fail? (What would happen to the network if all of $B$ changed
#    its sign?)
# 3. Add a third value, 0, for a missing synapse. Let `drop` be the fraction of missing synapses:
#    how large can it be before the accuracy falls? Which variance must the others have?
# 4. Draw a new $B$ after every step (`after_step`). The rule passes every test but one. Which one,
#    and what does this show about *why* feedback alignment learns?
# 5. Let $B$ have the signs of $W$. What must `uses` be now? Set it to something else, and run the
#    audit. Then compare with `rules.UniformSignSymmetry`.
# 6. Write a weight mirror: in `after_step`, send noise up through `layer.activation(xi @ layer.W)`
#    and update one bit of $B$ from the response. Why does the audit not count this as a use of $W$,
#    although the line contains `layer.W`? What does it say about `np.tanh(xi @ layer.W)`, and is it
#    right?
