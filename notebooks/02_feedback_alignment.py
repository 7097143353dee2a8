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
# # 02 Feedback alignment: learning with the wrong weights
#
# > **Minutes**: 45 to read and answer, under one to run. **Before this**: 00 and 01. **Seed**: 0,
# > and 0 to 2 for three runs.
# >
# > **Rule**: [fa](../nofb/rules/feedback_alignment.py). In a terminal: `nofb explain fa`.
#
# Backprop sends the error back through $W^\top$. A feedback synapse has no way to know these
# values. Lillicrap et al. (2016) replaced $W^\top$ by a fixed matrix of random numbers.
#
# **Why does a network learn if the error comes back through the wrong weights?**

# %%
import inspect
from itertools import pairwise

import numpy as np

import nofb
from nofb import Dense, Network, rules
from nofb.diagnosis import angle, angles, chance_band
from nofb.initialisers import scaled
from nofb.plots import LivePlot, accuracy_and_angle, in_notebook, lessons, slider

SEED = 0

# %% [markdown]
# ## Only one letter differs
#
# Samples are rows; $e = \hat y - y$ is the error at the output, $\delta_l$ the teaching signal at
# layer $l$. The two rules differ in one letter:
#
# $$
# \begin{aligned}
# \text{backprop:} && \delta_{l-1} &= (\delta_l\, W_l^\top) \circ f'(a_{l-1}) \\
# \text{feedback alignment:} && \delta_{l-1} &= (\delta_l\, B_l) \circ f'(a_{l-1})
# \end{aligned}
# $$
#
# $B_l$ is drawn once, independently of $W_l$, and never changes. The weight update is the same for
# both rules, $\Delta W_l = h_{l-1}^\top \delta_l / N$. For a network with one hidden layer of tanh
# units:


# %%
def softmax(a):
    """Return the probability of each class (N, n_2)."""
    odds = np.exp(a - a.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def updates(W1, W2, back, x, y):
    """Return the updates of W1 (n_0, n_1) and W2 (n_1, n_2); `back` is (n_2, n_1)."""
    h = np.tanh(x @ W1)  # (N, n_1)
    e = softmax(h @ W2) - y  # (N, n_2)
    delta = (e @ back) * (1 - h * h)  # (N, n_1): the only difference of the two rules
    return x.T @ delta / len(x), h.T @ e / len(x)


# %% [markdown]
# With `back = W2.T` this is backprop; with a random `B` it is feedback alignment. The rule in the
# library has the same equation, for any number of layers:

# %%
print(inspect.getsource(rules.FeedbackAlignment.signals))

# %% [markdown]
# Is it the same? We compute one batch of digits by hand and with the library:

# %%
digits = nofb.datasets.load("digits").centred().flat()
layers = [Dense(64, 100, activation="tanh", bias=False), Dense(100, 10, bias=False)]
net = Network(layers, loss="cross_entropy", seed=SEED)
rule = rules.FeedbackAlignment()
rule.attach(net, seed=SEED)

x, labels = digits.x_train[:32], digits.y_train[:32]
by_hand = updates(layers[0].W, layers[1].W, layers[1].B, x, np.eye(10)[labels])
by_rule = [update.dW for update in rule.updates(net, x, labels)]
for name, hand, own in zip(("ΔW₁", "ΔW₂"), by_hand, by_rule, strict=True):
    print(f"{name} up to {abs(own).max():.3f}, largest difference {abs(hand - own).max():.0e}")

# %% [markdown]
# ## A run
#
# The data are 2,000 small pictures of clothes; the network has 200 hidden units. Look at the panel
# on the right. It shows, for a hundred test images, the angle between the signal of feedback
# alignment at the hidden layer and the signal of backprop. With a random matrix it starts near 90°;
# the grey band is the range expected by chance. If the angle is below 90°, a small step lowers the
# loss.

# %%
clothes = nofb.datasets.load("fashion_small").centred().flat()
layers = [Dense(784, 200, activation="tanh"), Dense(200, 10)]
net = Network(layers, loss="cross_entropy", seed=SEED)
watch = [LivePlot(epochs=60)] if in_notebook() else []
sgd = nofb.SGD(lr=0.02)
rule = rules.FeedbackAlignment()
run = nofb.fit(net, rule, clothes, 60, 32, sgd, seed=SEED, callbacks=watch, progress=False)

# %% [markdown]
# The angle falls. But $B$ did not change, and no line of the rule makes the angle small.
#
# ## Do the hidden layers learn from the random matrix?
#
# A rising accuracy proves little: the last layer learns with every rule, since it needs no feedback
# path. So we need controls. **bp** has the best possible feedback. **shallow** does not train the
# hidden layers. **redrawn** is feedback alignment with a new random $B$ after every step.


# %%
class Redrawn(rules.FeedbackAlignment):
    """Feedback alignment with new random matrices after every step."""

    name = "redrawn"

    def draw_feedback(self, net, rng):
        self.rng = rng
        super().draw_feedback(net, rng)

    def after_step(self, net):
        super().draw_feedback(net, self.rng)


def train(rule, seed, data, hidden, epochs, optimizer):
    """Return one run with tanh layers of `hidden` units."""
    units = [data.x_train.shape[1], *hidden]
    layers = [Dense(n, m, activation="tanh") for n, m in pairwise(units)]
    net = Network([*layers, Dense(units[-1], data.n_classes)], seed=seed)
    return nofb.fit(net, rule, data, epochs, 32, optimizer, seed=seed, progress=False)


spirals = nofb.datasets.load("spirals")
tried = [rules.Backprop, rules.FeedbackAlignment, Redrawn, rules.Shallow]
runs = {
    kind.name: [train(kind(), s, spirals, [50, 50], 60, nofb.RMSprop(lr=0.005)) for s in range(3)]
    for kind in tried
}

# %% [markdown]
# A network with two hidden layers of 50 units classifies the points of three spiral arms. The maps
# show the predicted arm at each point. The curves show the mean and the spread of three seeds.

# %%
lessons.class_maps({name: each[0].net for name, each in runs.items()}, spirals)

# %%
accuracy_and_angle(runs, layer=1)

# %% [markdown]
# With a matrix that changes at every step the hidden layers learn little, although it is as random
# as a fixed one. So random numbers alone are not the reason. Something must *adapt* to $B$, and
# this takes time. Only $W$ can do this. (Do not conclude that FA is faster than BP: both use the
# same learning rate, which was not tuned. Compare the final accuracy.)
#
# ## Why W adapts to B
#
# Remove the tanh: consider two linear layers, trained with small steps from zero. Write
# $G = x^\top e / N$ for the correlation of input and error. Then, with a dot for the derivative
# with respect to time,
#
# $$
# \begin{aligned}
# \dot W_1 &= -x^\top e\, B / N = -G B, \\
# \dot W_2 &= -h^\top e / N = -W_1^\top G,
# \end{aligned}
# $$
#
# and $W_1^\top G B$ can be written in two ways: it is $-W_1^\top \dot W_1$ by the first line, and
# $-\dot W_2 B$ by the second. So $W_1^\top \dot W_1 = \dot W_2 B$. Add the transpose, and integrate
# from $W_1 = W_2 = 0$:
#
# $$
# W_1^\top W_1 = W_2 B + (W_2 B)^\top
# $$
#
# This holds at every time, for any data and any $B$. Its trace is the result we need:
#
# $$
# \langle W_2, B^\top \rangle = \tfrac12 \lVert W_1 \rVert^2 \geq 0
# $$
#
# The error changes $W_1$ along the rows of $B$. The hidden activities then vary along these rows,
# and so the update of $W_2$ is aligned with $B^\top$. As soon as the network has learned anything,
# the angle between $W_2$ and $B^\top$ is below 90°. In the figure, lines are measured, and dots are
# computed from the length of $W_1$ (on the right also from those of $W_2$ and $B$). They differ a
# little, because the steps are not infinitely small.


# %%
def follow(lr=0.002, steps=2000):
    """Return the history of a linear network that learns y = x T (W1, W2, error), and B."""
    data = nofb.datasets.load("linear_teacher")
    x, y = data.x_train, data.y_train  # (N, 30), (N, 10)
    B = np.random.default_rng(SEED).uniform(-0.5, 0.5, (10, 20))
    W1, W2 = np.zeros((30, 20)), np.zeros((20, 10))
    history = []
    for _ in range(steps + 1):
        e = x @ W1 @ W2 - y  # (N, 10)
        history.append((W1, W2, e[:100]))
        G = x.T @ e / len(x)  # (30, 10)
        W1, W2 = W1 - lr * G @ B, W2 - lr * W1.T @ G
    return history[::20], B


# %%
history, B = follow()
steps = 20 * np.arange(len(history))
inner = np.array([(W2 * B.T).sum() for _, W2, _ in history])
half = np.array([0.5 * (W1 * W1).sum() for W1, _, _ in history])
lengths = np.array([np.linalg.norm(W2) * np.linalg.norm(B) for _, W2, _ in history])
matrices = [angle(W2, B.T) for _, W2, _ in history[1:]]
signals = [angles(e @ B, e @ W2.T).mean() for _, W2, e in history[1:]]

predicted = np.degrees(np.arccos(half[1:] / lengths[1:]))
band = chance_band(B.size)
lessons.alignment_law(steps, inner, half, signals, matrices, predicted, band)

# %% [markdown]
# ## Two scales
#
# The argument makes predictions for other networks too. The learned part of $W_2$ must become
# larger than its random initial value. So a network with **small initial weights** should align
# better. And the length of **$B$** multiplies the signal of the hidden layer, and so its learning
# rate; backprop has no such scale. We train on digits again, with plain gradient descent for 20
# epochs. bp and shallow start from the same weights.


# %%
def scales(W, B):
    """Draw accuracy and angle for initial W and B that are scaled by these factors."""
    fa = rules.FeedbackAlignment(feedback_init=scaled("uniform_fan_out", B))
    runs = {}
    for rule in (rules.Backprop(), fa, rules.Shallow()):
        init = scaled("xavier", W)
        layers = [Dense(64, 100, activation="tanh", init=init), Dense(100, 10, init=init)]
        net, sgd = Network(layers, seed=SEED), nofb.SGD(lr=0.05)
        runs[rule.name] = [nofb.fit(net, rule, digits, 20, 32, sgd, SEED, progress=False)]
    return accuracy_and_angle(runs)


slider(scales, W=[0.01, 0.1, 1, 3, 10], B=[0.01, 0.1, 0.3, 1, 3, 10, 100])

# %% [markdown]
# ## Questions
#
# 1. In `updates`, which of the two updates would change if `back` were zero? Which control of this
#    lesson is this?
# 2. Why does **redrawn** fail? Its signal is on average at 90° to that of backprop. Say in one
#    sentence what the hidden layer then learns.
# 3. Derive $W_1^\top W_1 = W_2 B + (W_2 B)^\top$ for weights that do not start at zero. What is
#    constant now? For which of the two scales is this the explanation?
# 4. Multiply this equation from the left with $e B$ and from the right with $(e B)^\top$. Which
#    $B B^\top$ makes the angle of $e B$ and $e W_2^\top$ less than 90° for *every* error $e$? When
#    does a random $B$ nearly have this property?
# 5. Set $B$ to 0.01 times its length: the accuracy falls to that of a control. Which one, and why?
#    Set it to 100 times its length: the accuracy ends above bp. Is feedback alignment then better
#    than backprop? What would a fair comparison need?
# 6. The spirals were trained with RMSprop, which divides each step by its usual length. Would the
#    scale of $B$ have an effect there? Predict, then try it with `scaled`.
# 7. With two hidden layers, which one has the larger angle at the end? (The history holds both.)
#    Give a reason. Lesson 03 has a rule without this problem.
