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
# # 04 Sign-symmetry: one bit of each weight
#
# > **Minutes**: 35 to read and answer, under one to run. **Before this**: 02, feedback alignment;
# > the normal distribution. **Seed**: 0 everywhere.
#
# Backprop's way back knows each weight to the last digit. Feedback alignment's knows nothing, and
# gets less far the deeper it has to go. Liao, Leibo and Poggio (2016) went to a place in between:
# let the way back know the **signs**, and make up the rest.
#
# **How much of $W^\top$ is in its signs?**

# %%
import numpy as np

import nofb
from nofb import Dense, Network, rules
from nofb.diagnosis import angle
from nofb.plots import Picture, accuracy_and_angle, slider
from nofb.plots.style import HUES, OKABE_ITO, look, using

SEED = 0
COLOURS = [OKABE_ITO[hue] for hue in HUES]

# %% [markdown]
# ## The rule
#
# Everything is as in feedback alignment, but $B_l$ is rebuilt from $W_l$ at every step:
#
# $$
# B_l = M_l \circ \operatorname{sign}(W_l^\top), \qquad
# \delta_{l-1} = (\delta_l B_l) \circ f'(a_{l-1})
# $$
#
# with magnitudes $M_l \geq 0$ that know nothing of $W_l$. There are three ways to get them:
#
# | name | magnitudes | |
# |---|---|---|
# | `usf` | $M = s$ | uniform: one size for all |
# | `frsf` | $M = s \lvert \xi \rvert$, $\xi$ normal | random, drawn once and fixed |
# | `brsf` | the same | random, drawn again after every batch |


# %%
def uniform(W, s=1.0):
    """Return B (n_out, n_in) for W (n_in, n_out)."""
    return s * np.sign(W.T)


def fixed_random(W, rng, s=1.0):
    return s * np.abs(rng.standard_normal(W.T.shape)) * np.sign(W.T)


# %% [markdown]
# Each dot is one weight, with its partner on the way back. Feedback alignment fills all four
# quarters. A sign keeps the dots in two of them, and that is worth 40° and more:

# %%
rng = np.random.default_rng(SEED)
W = rng.standard_normal((60, 40))
ways = {
    "bp": W.T,
    "usf": uniform(W),
    "frsf": fixed_random(W, rng),
    "fa": rng.standard_normal((40, 60)),
}
with using("light") as theme:
    picture = Picture(11, 3.3, theme)
    for axes, (name, B) in zip(picture.subplots(1, 4, sharey=True), ways.items(), strict=True):
        axes.axhline(0, color=theme.faint, lw=0.6)
        axes.axvline(0, color=theme.faint, lw=0.6)
        axes.plot(W.ravel(), B.T.ravel(), ".", color=look(name, theme).colour, ms=2.5)
        axes.set(title=f"{name}: {angle(W, B.T):.1f}°", xlabel="weight in W", aspect="equal")
        axes.set(xlim=(-3.5, 3.5), ylim=(-3.5, 3.5))
    picture.axes[0].set_ylabel("its partner in B")
picture

# %% [markdown]
# ## Which angle?
#
# It can be worked out. Every weight and its partner have the same sign, so all products in
# $\langle W, B^\top \rangle$ are positive:
#
# $$
# \cos \theta = \frac{\sum M_{ji} \lvert W_{ij} \rvert}{\lVert M \rVert\, \lVert W \rVert}
# \approx \frac{\mathbb E \lvert M \rvert}{\sqrt{\mathbb E M^2}} \cdot
# \frac{\mathbb E \lvert W \rvert}{\sqrt{\mathbb E W^2}}
# $$
#
# Each fraction says how far from uniform a magnitude is. For a normal variable it is
# $\sqrt{2 / \pi}$, for a constant 1. So `usf` has $\cos \theta = \sqrt{2/\pi}$, 37.1°, and `frsf`
# and `brsf` have $\cos \theta = 2/\pi$, 50.5°, whatever the size of the layer.
#
# And if only a share $p$ of the signs were right? Then $p$ of the products are positive and $1 - p$
# of them negative, and the cosine becomes $(2p - 1)$ times as large. Lines are this theory:


# %%
def some_wrong(B, p, rng):
    """Return B with a share p of its signs as they were, and the others turned round."""
    return B * np.where(rng.random(B.shape) < p, 1, -1)


shares = np.linspace(0, 1, 11)
with using("light") as theme:
    picture = Picture(7, 3.6, theme)
    axes = picture.subplots()
    axes.axhline(90, color=theme.faint, ls="--", lw=1)
    for name, best, colour in zip(
        ("usf", "frsf"), (np.sqrt(2 / np.pi), 2 / np.pi), COLOURS[2:4], strict=True
    ):
        theory = np.degrees(np.arccos((2 * shares - 1) * best))
        degrees = [angle(W, some_wrong(ways[name], p, rng).T) for p in shares]
        axes.plot(shares, theory, color=colour)
        axes.plot(shares, degrees, "o", color=colour, label=name)
    axes.set(xlabel="share p of the signs that are right", ylabel="angle between B and Wᵀ")
    axes.set(ylim=(0, 180), yticks=range(0, 181, 30))
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.yaxis.set_major_formatter("{x:g}°")
    axes.legend()
picture

# %% [markdown]
# ## Does it learn?
#
# Three hidden layers on digits, deep enough for feedback alignment to lose ground. The controls are
# **bp**, **fa** and **shallow**. On the right is the *first* hidden layer, the farthest from the
# error.

# %%
digits = nofb.datasets.load("digits").centred().flat()


def train(rule):
    """Return one run on digits, 64-64-64-64-10."""
    hidden = [Dense(64, 64, activation="tanh") for _ in range(3)]
    net = Network([*hidden, Dense(64, 10)], seed=SEED)
    return nofb.fit(net, rule, digits, 20, 32, nofb.SGD(lr=0.05), seed=SEED, progress=False)


names = ("bp", "usf", "frsf", "brsf", "fa", "shallow")
runs = {name: [train(rules.make(name))] for name in names}
accuracy_and_angle(runs)

# %% [markdown]
# All three forms learn almost as backprop does, and far faster than feedback alignment, whose angle
# has to fall before anything can. A sign is there from the first step.
#
# ## How many signs must be right?
#
# Now turn some signs round, for good, and always the same ones, as if so many wires had been
# soldered the wrong way. The rule is `usf` otherwise, and what is new takes a few lines:


# %%
class SomeWrong(rules.UniformSignSymmetry):
    """Uniform sign-symmetry in which only a share of the signs is right."""

    def __init__(self, right):
        super().__init__()
        self.right = right

    def magnitudes(self, layer, rng):
        return some_wrong(super().magnitudes(layer, rng), self.right, rng)


controls = {name: runs[name] for name in ("bp", "fa", "shallow")}
slider(
    lambda right: accuracy_and_angle(controls | {"usf": [train(SomeWrong(right))]}),
    right=[0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
)

# %% [markdown]
# And all of them at once. On the left, where each run ends. On the right the angle of the matrices
# before training, where it must be what theory says, and after it.

# %%
rights = np.linspace(0, 1, 11)
ends = [train(SomeWrong(right)).history for right in rights]
theory = np.degrees(np.arccos((2 * rights - 1) * np.sqrt(2 / np.pi)))
with using("light") as theme:
    picture = Picture(9.6, 3.6, theme)
    accuracy, angles = picture.subplots(1, 2)
    for name, (run,) in controls.items():
        height, style = run.history["test_accuracy"][-1], look(name, theme)
        accuracy.axhline(height, color=style.colour, ls=style.line, lw=1.5, label=name)
    last = [history["test_accuracy"][-1] for history in ends]
    accuracy.plot(rights, last, "-o", color=COLOURS[2], label="some signs wrong")
    accuracy.set(title="test accuracy at the end", ylim=(0, 1.02))
    accuracy.yaxis.set_major_formatter("{x:.0%}")
    accuracy.legend(loc="lower right")
    before = [history.start["weight_angle"][1:].mean() for history in ends]
    after = [history["weight_angle"][-1, 1:].mean() for history in ends]
    angles.axhline(90, color=theme.faint, ls="--", lw=1)
    angles.plot(rights, theory, color=theme.ink, lw=1, label="theory, before training")
    angles.plot(rights, before, "o", color=COLOURS[0], label="before training")
    angles.plot(rights, after, "-o", color=COLOURS[2], label="after training")
    angles.set(title="B to Wᵀ, mean over the layers", ylim=(0, 180), yticks=range(0, 181, 30))
    angles.yaxis.set_major_formatter("{x:g}°")
    angles.legend()
    for axes in (accuracy, angles):
        axes.set(xlabel="share of the signs that are right")
        axes.xaxis.set_major_formatter("{x:.0%}")
picture

# %% [markdown]
# Half of the signs right is no information at all, and yet the network learns about as well as with
# feedback alignment. The weights whose partners are right can grow, and so count for more: that is
# alignment again, and it brings the angle below 90°. But with too many wrong ones it fails, and
# with all of them wrong, it must: a wrong sign is not just any wrong number. It turns round
# whenever its weight does, so that no weight can ever come to agree with it.

# %% [markdown]
# ## Questions
#
# 1. Weights that are drawn uniformly from $[-1, 1]$: what is the angle of `usf` now? And of weights
#    most of which are nearly zero? Is sign-symmetry better or worse for them?
# 2. `brsf` draws its magnitudes again at every step, and learns. **redrawn** in lesson 02 did just
#    that with a whole matrix, and did not. What is the difference?
# 3. The angle of `frsf` is smaller at the end than at the start, that of `brsf` is not, or hardly.
#    Why?
# 4. If no weight changes its sign during training, `frsf` *is* feedback alignment with a lucky
#    draw. Count how many signs change in `runs["frsf"]` from start to end (the network that it
#    began with is the one with the same seed). What do you conclude about the information that it
#    really uses?
# 5. Show that $\mathbb E\, \langle \delta W^\top, \delta B \rangle > 0$ for random $\delta$ with
#    independent entries, whatever $M > 0$. Is it also true for *every* $\delta$?
# 6. Halve $s$ in `usf` (`rules.make("usf", scale=0.5)`). What changes, what not? Compare with the
#    knob for $B$ in lesson 02.
# 7. For 50 % right signs, compare the mean of $\lvert W \rvert$ at the end where the sign is right
#    and where it is wrong (`layer.rule_state.M` holds which). Does it fit what is said above?
# 8. Is sign-symmetry weight transport? How many bits an update have to go to the way back, and what
#    would tell a brain's synapse the sign of another one?
