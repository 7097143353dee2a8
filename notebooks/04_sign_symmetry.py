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
# >
# > **Rules**: [usf, frsf, brsf](../nofb/rules/sign_symmetry.py). In a terminal: `nofb explain
# > usf`.
#
# Backprop uses the exact weights in its feedback path. Feedback alignment uses no information about
# them, and it works less well in deep networks. Liao, Leibo and Poggio (2016) chose a method
# between the two: the feedback path uses the **signs** of the weights, with magnitudes that do not
# depend on them.
#
# **Are the signs of $W^\top$ enough?**

# %%
import numpy as np

import nofb
from nofb import Dense, Network, rules
from nofb.diagnosis import angle
from nofb.plots import accuracy_and_angle, lessons, slider

SEED = 0

# %% [markdown]
# ## The rule
#
# The rule is feedback alignment, but $B_l$ is computed from $W_l$ at every step:
#
# $$
# B_l = M_l \circ \operatorname{sign}(W_l^\top), \qquad
# \delta_{l-1} = (\delta_l B_l) \circ f'(a_{l-1})
# $$
#
# with magnitudes $M_l \geq 0$ that are independent of $W_l$. There are three forms:
#
# | name | magnitudes | |
# |---|---|---|
# | `usf` | $M = s$ | uniform: the same for all weights |
# | `frsf` | $M = s \lvert \xi \rvert$, $\xi$ normal | random, drawn once and fixed |
# | `brsf` | the same | random, drawn again after every batch |


# %%
def uniform(W, s=1.0):
    """Return B (n_out, n_in) for W (n_in, n_out)."""
    return s * np.sign(W.T)


def fixed_random(W, rng, s=1.0):
    return s * np.abs(rng.standard_normal(W.T.shape)) * np.sign(W.T)


# %% [markdown]
# Each dot is one weight and its partner in $B$. With feedback alignment the dots are in all four
# quadrants. Equal signs keep the dots in two quadrants, and this makes the angle at least 40°
# smaller:

# %%
rng = np.random.default_rng(SEED)
W = rng.standard_normal((60, 40))
ways = {
    "bp": W.T,
    "usf": uniform(W),
    "frsf": fixed_random(W, rng),
    "fa": rng.standard_normal((40, 60)),
}
lessons.clouds(
    {f"{name}: {angle(W, B.T):.1f}°": (W, B.T) for name, B in ways.items()},
    "weight in W",
    "its partner in B",
)

# %% [markdown]
# ## Which angle?
#
# The angle can be computed. Every weight and its partner have the same sign, so all products in
# $\langle W, B^\top \rangle$ are positive:
#
# $$
# \cos \theta = \frac{\sum M_{ji} \lvert W_{ij} \rvert}{\lVert M \rVert\, \lVert W \rVert}
# \approx \frac{\mathbb E \lvert M \rvert}{\sqrt{\mathbb E M^2}} \cdot
# \frac{\mathbb E \lvert W \rvert}{\sqrt{\mathbb E W^2}}
# $$
#
# Each factor is 1 for a constant magnitude, and $\sqrt{2 / \pi}$ for a normal variable. So `usf`
# has $\cos \theta = \sqrt{2/\pi}$, which is 37.1°, and `frsf` and `brsf` have
# $\cos \theta = 2/\pi$, which is 50.5°, for layers of any size.
#
# What if only a fraction $p$ of the signs is right? Then a fraction $p$ of the products is positive
# and $1 - p$ is negative, so the cosine is multiplied by $2p - 1$. The lines in the figure show
# this theory:


# %%
def some_wrong(B, p, rng):
    """Return B with a fraction p of its signs unchanged, and the others reversed."""
    return B * np.where(rng.random(B.shape) < p, 1, -1)


fractions = np.linspace(0, 1, 11)
found = {}
for name, best in {"usf": np.sqrt(2 / np.pi), "frsf": 2 / np.pi}.items():
    theory = np.degrees(np.arccos((2 * fractions - 1) * best))
    measured = [angle(W, some_wrong(ways[name], p, rng).T) for p in fractions]
    found[name] = measured, theory
axes = "fraction p of right signs", "angle between B and Wᵀ"
lessons.with_theory(found, *axes, x=fractions, top=180)

# %% [markdown]
# ## Does it learn?
#
# We train a network with three hidden layers on digits. At this depth feedback alignment is already
# worse than backprop. The controls are **bp**, **fa** and **shallow**. The right panel shows the
# *first* hidden layer, which is the farthest from the error.

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
# All three forms learn almost as well as backprop, and much faster than feedback alignment: there
# the angle has to fall first. The signs are right from the first step.
#
# ## How many signs must be right?
#
# Now reverse some signs permanently, always the same ones. Otherwise the rule is `usf`, and a few
# lines are enough:


# %%
class SomeWrong(rules.UniformSignSymmetry):
    """Uniform sign-symmetry with only a fraction of right signs."""

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
# The next figure shows all fractions at once. The left panel shows the final accuracy of each run.
# The right panel shows the angle of the matrices before training, which must agree with the theory,
# and after training.

# %%
rights = np.linspace(0, 1, 11)
ends = [train(SomeWrong(right)).history for right in rights]
theory = np.degrees(np.arccos((2 * rights - 1) * np.sqrt(2 / np.pi)))
last = [history["test_accuracy"][-1] for history in ends]
heights = {name: run.history["test_accuracy"][-1] for name, (run,) in controls.items()}
before = [history.start["weight_angle"][1:].mean() for history in ends]
after = [history["weight_angle"][-1, 1:].mean() for history in ends]
lessons.wrong_signs(rights, last, heights, theory, before, after)

# %% [markdown]
# If half of the signs are right, $B$ has no information about $W$, and yet the network learns about
# as well as with feedback alignment. Weights whose partners have the right sign can grow, and so
# they matter more. This is alignment again, and it brings the angle below 90°. With too many wrong
# signs the rule fails. With all signs wrong it must fail: a wrong sign changes whenever its weight
# changes sign, so no weight can ever agree with it.

# %% [markdown]
# ## Questions
#
# 1. Draw the weights uniformly from $[-1, 1]$: what is the angle of `usf` now? What is it if most
#    weights are nearly zero? Is sign-symmetry better or worse for such weights?
# 2. `brsf` draws its magnitudes again at every step, and learns. **redrawn** in lesson 02 draws the
#    whole matrix again, and does not learn. What is the difference?
# 3. The angle of `frsf` is smaller at the end than at the start. The angle of `brsf` is hardly
#    smaller. Why?
# 4. If no weight changes its sign during training, `frsf` *is* feedback alignment with a special
#    draw. Count how many signs change in `runs["frsf"]` from start to end (a new network with the
#    same seed has the initial weights). What do you conclude about the information that the rule
#    really uses?
# 5. Show that $\mathbb E\, \langle \delta W^\top, \delta B \rangle > 0$ for random $\delta$ with
#    independent entries, for any $M > 0$. Is it also true for *every* $\delta$?
# 6. Halve $s$ in `usf` (`rules.make("usf", scale=0.5)`). What changes, and what does not? Compare
#    with the scale of $B$ in lesson 02.
# 7. For 50 % right signs, compare the final mean of $\lvert W \rvert$ for right signs and for wrong
#    signs (`layer.rule_state.M` shows which are right). Does it fit the explanation above?
# 8. Is sign-symmetry weight transport? How many bits per update must be sent to the feedback path?
#    How could a synapse in the brain get the sign of another synapse?
