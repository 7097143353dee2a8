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
# # 09 Depth: signals through twenty layers
#
# > **Minutes**: 40 to read and answer, under one to run. **Before this**: 03, direct feedback, and
# > 06, Kolen-Pollack. **Seed**: 0 everywhere.
# >
# > **Rules**: [bp](../nofb/rules/backprop.py), [fa](../nofb/rules/feedback_alignment.py),
# > [dfa](../nofb/rules/direct_feedback_alignment.py), [kp](../nofb/rules/kolen_pollack.py). In a
# > terminal: `nofb explain bp`.
#
# With two hidden layers, nearly every rule of these lessons learns. Larger networks have twenty or
# a hundred layers. A signal that goes from layer to layer is multiplied with a matrix in each of
# them, and the small error of each matrix adds to those before.
#
# **Through how many layers does a signal stay useful?**

# %%
from itertools import pairwise

import numpy as np

import nofb
from nofb import Dense, Network, Residual, rules
from nofb.diagnosis import angles
from nofb.initialisers import scaled
from nofb.plots import lessons, slider

SEED, UNITS = 0, 50
digits = nofb.datasets.load("digits").centred().flat()
x, y = digits.x_test[:100], digits.y_test[:100]


def build(hidden, activation="tanh", **options):
    """Return a network 64-50-...-50-10 with this number of hidden layers."""
    sizes = [64] + [UNITS] * hidden
    layers = [Dense(*pair, activation, **options) for pair in pairwise(sizes)]
    return Network([*layers, Dense(UNITS, 10, **options)], seed=SEED)


def signals(net, rule):
    """Return the trace of a batch, and every layer's δ (N, n_l), first to last."""
    trace = net.forward(x)
    rule.teach(net, trace.set_target(net.as_target(y, len(x))))
    return trace, [trace.deltas[layer].copy() for layer in net.weighted]


# %% [markdown]
# ## The length of a signal
#
# One step back is $\delta_{l-1} = (\delta_l B_l) \circ f'(a_{l-1})$. Let the entries of $B_l$ be
# random with variance $\sigma^2$. Each of the $n_{l-1}$ units below receives a sum of $n_l$
# products, and the variances add up:
#
# $$
# E \lVert \delta_{l-1} \rVert^2
# = \underbrace{n_{l-1}\, \sigma^2}_{g^2}\; \overline{f'(a_{l-1})^2}\; \lVert \delta_l \rVert^2
# $$
#
# So each step multiplies the length by $g$ times the slope, and twenty steps do this twenty times.
# We can choose the *gain* $g$. `xavier` has $g = 1$ between layers of equal size; Nøkland's uniform
# distribution on $\pm 1/\sqrt{n}$ has $g = 1/\sqrt 3 = 0.58$.
#
# The points are measured in an untrained network with twenty hidden layers. The lines are the
# formula. Direct feedback has one step to every layer, so $g$ is applied once.


# %%
def lengths(gain):
    """Draw the length of δ in every layer, for feedback drawn with this gain."""
    net = build(20)
    found = {}
    for name, rule in {
        "bp": rules.Backprop(),
        "fa": rules.FeedbackAlignment(feedback_init=scaled("xavier", gain)),
        "dfa": rules.DirectFeedbackAlignment(feedback_init=scaled("xavier", gain)),
    }.items():
        rule.attach(net, seed=SEED)
        trace, deltas = signals(net, rule)
        sizes = [np.sqrt((delta**2).sum(axis=1).mean()) for delta in deltas]
        line = sizes[-1:]
        for layer, above in zip(net.weighted[-2::-1], net.weighted[:0:-1], strict=True):
            matrix = above.B if name == "fa" else above.W.T
            g = np.sqrt(layer.n_out) * matrix.std()
            slope = np.sqrt((layer.activation.slope(trace[layer].a) ** 2).mean())
            line.append(line[-1] * g * slope)
        found[name] = sizes, None if name == "dfa" else line[::-1]
    return lessons.lengths_of_signals(found, f"g = {gain:g}")


slider(lengths, gain=[0.4, 0.58, 0.8, 1, 1.25])

# %% [markdown]
# With $g = 0.8$ the signal of the first layer is a hundredth of the error. With $g = 0.4$ it is so
# small that, in single precision, adding it does not change a weight. Optimizers that divide each
# step by its usual size (RMSprop, Adam) compensate for this: a short signal with the right
# direction is as good as a long one.
#
# ## The direction of a signal
#
# Let every feedback matrix be at an angle $\theta$ to the transposed weights: $B = \cos\theta\,
# W^\top + \sin\theta\, R$ with a random $R$ of the same length. One step gives $\delta B =
# \cos\theta\, \delta W^\top + \sin\theta\, \delta R$: a part $\cos\theta$ has the direction of
# backprop's signal, the rest is at a right angle to it. The next step keeps $\cos\theta$ *of this
# part*. After $k$ steps
#
# $$
# \cos \theta_k = \cos^k \theta .
# $$
#
# We test this law with linear units, whose slope is 1:


# %%
def compound(theta):
    """Draw the angle of signals to backprop, step by step, and the law."""
    net = build(20, activation=None)
    rule = rules.FeedbackAlignment(feedback_init="xavier")
    rule.attach(net, seed=SEED)
    cos, sin = np.cos(np.radians(theta)), np.sin(np.radians(theta))
    for layer in net.weighted[1:]:
        layer.B = cos * layer.W.T + sin * layer.B
    pairs = zip(signals(net, rule)[1], signals(net, rules.Backprop())[1], strict=True)
    found = [angles(ours, true).mean() for ours, true in pairs][::-1]
    k = np.arange(21)
    law = np.degrees(np.arccos(cos**k))
    axes, title = ("steps back", "angle to backprop's signal"), f"every matrix at {theta}° to Wᵀ"
    return lessons.with_theory({"fa": (found, law)}, *axes, top=100, legend=title)


slider(compound, theta=[2, 5, 10, 20, 40, 60, 90])

# %% [markdown]
# 20° is a good angle for one matrix, but twenty such matrices in sequence lead to 73°. For a signal
# at 30° after twenty steps, each matrix must be within 7°. A learned $B$ (weight mirror,
# Kolen-Pollack) reaches this after some time. A fixed $B$ is at 90° when training begins. (After
# about fifteen steps the points are off the line: a product of so many 50 by 50 matrices has only a
# few large singular values, and an average over few directions is not accurate.)
#
# ## Training deep networks
#
# We train networks with twenty hidden layers on digits, with RMSprop and the same rate for all
# rules. The left panel shows the accuracy. The other panels show, for each hidden layer at the end,
# the angle of its signal to backprop's, and its length divided by backprop's. Use the slider for
# other depths.

# %%
EPOCHS = 15
COMPARED = ("bp", "fa", "dfa", "kp", "shallow")


def train(net, name):
    """Return the history of one rule."""
    optimizer = nofb.RMSprop(lr=0.001, schedule="cosine")
    rule = rules.make(name)
    run = nofb.fit(net, rule, digits, EPOCHS, 32, optimizer, seed=SEED, progress=False)
    return run.history


def compare(build, hidden):
    """Draw accuracy over epochs; and angle and length of the signals at every hidden layer."""
    histories = {name: train(build(hidden), name) for name in COMPARED}
    return lessons.accuracy_by_layer(histories, f"accuracy, {hidden} hidden layers", lengths=True)


slider(lambda hidden: compare(build, hidden), hidden=[2, 5, 20, 30, 40])

# %% [markdown]
# Four rules have four different problems:
#
# * **bp** has the right signal, and still loses accuracy with depth. This is a known problem of
#   plain deep networks, and does not depend on the feedback.
# * **fa** trains only the upper layers. The signals of the first ten layers are at nearly 90°, so
#   the activities of these layers are nearly noise for the layers above.
# * **dfa** has a direct connection to each layer, and is the best rule here. But its angles are
#   large: for a small angle, the product of *all* weights above layer $l$ would have to align with
#   one fixed $D_l$.
# * **kp** is surprising. In shallow networks it ends as well as backprop. But $B$ becomes $W^\top$
#   only as fast as decay removes their initial difference. Before that, the weights are updated by
#   signals that have passed twenty wrong matrices. The network does not recover.
#
# ## Learning from zero weights
#
# Lesson 03 set all weights to zero. Backprop's signals go through $W^\top = 0$, so every hidden
# layer has a zero signal. Direct feedback does not need $W$. Now we train such a network with ten
# hidden layers:

# %%
histories = {name: train(build(10, init="zeros"), name) for name in ("bp", "fa", "dfa", "kp")}
lessons.accuracies(histories, "test accuracy, all weights zero at the start")

# %% [markdown]
# ## A path without a matrix
#
# The problem is the product of matrices. What if a layer only *added* something to its input?
#
# $$
# h_l = h_{l-1} + f(h_{l-1} W_l + b_l)
# $$
#
# A signal at $h_l$ then has two paths back: through $B_l$, and around it, unchanged. Both end at
# $h_{l-1}$, where the signals are added. In nofb this is a `Residual` around the same layer. No
# rule has to be changed for it:


# %%
def with_shortcuts(hidden):
    """Return the same network with shortcuts around all hidden layers but the first."""
    blocks = [Residual([Dense(UNITS, UNITS, "tanh")]) for _ in range(hidden - 1)]
    return Network([Dense(64, UNITS, "tanh"), *blocks, Dense(UNITS, 10)], seed=SEED)


slider(lambda hidden: compare(with_shortcuts, hidden), hidden=[2, 5, 20, 30, 40])

# %% [markdown]
# The matrices and the rules are the same. The length of every signal is now within a factor of
# about ten of backprop's, and **bp**, **fa** and **kp** learn: no signal has to pass every wrong
# matrix. **dfa** already had a path without these matrices, and gains nothing. Lesson 10 does the
# same with images.

# %% [markdown]
# ## Questions
#
# 1. Which gain $g$ keeps the length of a signal in a network of logistic units, whose slope is at
#    most 1/4? What would happen in the forward pass if $W$ had this gain too?
# 2. Derive $\cos\theta_k = \cos^k\theta$ for $k = 2$. Where do you need that $R_1$ and $R_2$ are
#    independent? What if all layers had the same $R$?
# 3. How small must the angle of each matrix be for a signal at 45° after 100 steps?
# 4. Use plain gradient descent in `compare`, `nofb.SGD(lr=0.1)`. Which rule becomes worst? Explain
#    it with the first figure, then correct it with `feedback_init`.
# 5. The first figure has no line for **dfa**. What is the theory for it?
# 6. Increase the decay of **kp**: `rules.KolenPollack(decay=0.003)`, or start with $B = W^\top$.
#    Which of the two helps at twenty layers, and what does this show about the reason?
# 7. With a shortcut around each layer, which matrices are on the shortest path from the output to
#    the first layer? How many paths are there, and how many matrices are on most of them?
# 8. Why can a network of `Residual` blocks start from zero weights under backprop, if its first and
#    its last layer are not zero?
