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
# # 02 Feedback alignment: the wrong weights, and they teach
#
# > **Minutes**: 45 to read and answer, under one to run. **Before this**: 00 and 01. **Seed**: 0,
# > and 0 to 2 where three runs are compared.
#
# Backprop sends an error down through $W^\top$, which no synapse that leads down could know.
# Lillicrap et al. (2016) put a matrix of random numbers in its place, and left it alone.
#
# **Why should an error that comes back through the wrong weights teach anything?**

# %%
import inspect
from itertools import pairwise

import numpy as np

import nofb
from nofb import Dense, Network, rules
from nofb.diagnosis import angle, angles, chance_band
from nofb.initialisers import scaled
from nofb.plots import LivePlot, Picture, accuracy_and_angle, class_map, in_notebook, slider
from nofb.plots.style import HUES, OKABE_ITO, using

SEED = 0
COLOURS = [OKABE_ITO[hue] for hue in HUES]

# %% [markdown]
# ## One letter
#
# Samples are rows; $e = \hat y - y$ is the error at the output, $\delta_l$ the teaching signal at
# layer $l$. One letter sets the two rules apart:
#
# $$
# \begin{aligned}
# \text{backprop:} && \delta_{l-1} &= (\delta_l\, W_l^\top) \circ f'(a_{l-1}) \\
# \text{feedback alignment:} && \delta_{l-1} &= (\delta_l\, B_l) \circ f'(a_{l-1})
# \end{aligned}
# $$
#
# $B_l$ is drawn once, knows nothing of $W_l$ and never changes. The weight step is the same for
# both, $\Delta W_l = h_{l-1}^\top \delta_l / N$. A network with one hidden layer of tanh units:


# %%
def softmax(a):
    """Return the share of each class, (N, n_2)."""
    share = np.exp(a - a.max(axis=1, keepdims=True))
    return share / share.sum(axis=1, keepdims=True)


def updates(W1, W2, back, x, y):
    """Return the steps for W1 (n_0, n_1) and W2 (n_1, n_2); `back` is (n_2, n_1)."""
    h = np.tanh(x @ W1)  # (N, n_1)
    e = softmax(h @ W2) - y  # (N, n_2)
    delta = (e @ back) * (1 - h * h)  # (N, n_1): all that the two rules differ in
    return x.T @ delta / len(x), h.T @ e / len(x)


# %% [markdown]
# Handed `W2.T`, this is backprop; handed a random `B`, feedback alignment. The rule in the library
# is the same equation for any number of layers:

# %%
print(inspect.getsource(rules.FeedbackAlignment.signals))

# %% [markdown]
# Is it? One batch of digits, once by hand and once by the library:

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
# ## Watch it
#
# 2,000 small pictures of clothes, 200 hidden units. Look at the panel on the right. It measures, on
# a hundred test images, the angle between what feedback alignment sends to the hidden layer and
# what backprop would send. A random matrix starts at 90°, give or take what chance allows (the grey
# band). Below 90° a small step goes downhill.

# %%
clothes = nofb.datasets.load("fashion_small").centred().flat()
layers = [Dense(784, 200, activation="tanh"), Dense(200, 10)]
net = Network(layers, loss="cross_entropy", seed=SEED)
watch = [LivePlot(epochs=60)] if in_notebook() else []
sgd = nofb.SGD(lr=0.02)
rule = rules.FeedbackAlignment()
run = nofb.fit(net, rule, clothes, 60, 32, sgd, seed=SEED, callbacks=watch, progress=False)

# %% [markdown]
# The angle falls. Nothing pushed it: $B$ did not move, and no line of the rule asks for a small
# angle.
#
# ## Is it the random matrix that teaches?
#
# A curve that rises proves little: the last layer learns under every rule, since its own error
# needs no way back. So we need controls. **bp** is the best that the way back can do. **shallow**
# leaves the hidden layers as they were drawn. And **redrawn** is feedback alignment with a new $B$
# after every step, just as random, but never the same.


# %%
class Redrawn(rules.FeedbackAlignment):
    """Feedback alignment whose matrices do not stay."""

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
# Three spiral arms, to be told apart by a network with two hidden layers of 50 units. The maps show
# which arm the network would name at each point; the curves, mean and spread of three seeds.

# %%
with using("light") as theme:
    picture = Picture(11, 3.2)
    for axes, (name, each) in zip(picture.subplots(1, 4), runs.items(), strict=True):
        class_map(axes, each[0].net, spirals, theme)
        right = each[0].history["test_accuracy"][-1]
        axes.set_title(f"{name}: {right:.0%} of the test points")
picture

# %%
accuracy_and_angle(runs, layer=1)

# %% [markdown]
# A matrix that changes at every step teaches little, though it is as random as one that stays. So
# it is no magic of random numbers. Something must *follow* $B$, and it takes time to do so. Only
# one thing in the network can: $W$. (That **fa** is quicker than **bp** here says nothing: both
# have the same learning rate, which nobody chose with care. Where they end is what counts.)
#
# ## Why W follows
#
# Take the tanh away. Two linear layers, trained with small steps from zero. Write
# $G = x^\top e / N$ for what input and error have in common. Then, with a dot for the change in
# time,
#
# $$
# \begin{aligned}
# \dot W_1 &= -x^\top e\, B / N = -G B, \\
# \dot W_2 &= -h^\top e / N = -W_1^\top G,
# \end{aligned}
# $$
#
# and $W_1^\top G B$ can be said in two ways: it is $-W_1^\top \dot W_1$ by the first line, and
# $-\dot W_2 B$ by the second. So $W_1^\top \dot W_1 = \dot W_2 B$. Add the transpose, and integrate
# from $W_1 = W_2 = 0$:
#
# $$
# W_1^\top W_1 = W_2 B + (W_2 B)^\top
# $$
#
# That holds at every moment, for any data and any $B$. Its trace is what we look for:
#
# $$
# \langle W_2, B^\top \rangle = \tfrac12 \lVert W_1 \rVert^2 \geq 0
# $$
#
# The error writes $B$ into $W_1$; the hidden units, which now speak in the directions of $B$, then
# write it into $W_2$. As soon as anything is learned, $W_2$ and $B^\top$ are less than 90° apart.
# Below, lines are measured, and dots are computed from the length of $W_1$ (on the right also of
# $W_2$ and $B$). They part a little where the steps are not small.


# %%
def follow(lr=0.002, steps=2000):
    """Return the history of a linear network that learns y = x T: W1, W2 and the error; and B."""
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

with using("light") as theme:
    picture = Picture(10, 3.6)
    law, degrees = picture.subplots(1, 2)
    law.plot(steps, inner, color=COLOURS[0], label="⟨W₂, Bᵀ⟩, measured")
    law.plot(steps[::4], half[::4], "o", color=COLOURS[1], label="½‖W₁‖²")
    law.set(xlabel="step", title="how much of W₂ lies along Bᵀ")
    law.legend()
    degrees.axhspan(*chance_band(B.size), color=theme.band, linewidth=0)
    degrees.plot(steps[1:], signals, color=COLOURS[2], label="e B to e W₂ᵀ, measured")
    degrees.plot(steps[1:], matrices, color=COLOURS[0], label="Bᵀ to W₂, measured")
    predicted = np.degrees(np.arccos(half[1::4] / lengths[1::4]))
    degrees.plot(steps[1::4], predicted, "o", color=COLOURS[1], label="from the length of W₁")
    degrees.set(xlabel="step", title="angles", ylim=(0, 105))
    degrees.yaxis.set_major_formatter("{x:g}°")
    degrees.legend(loc=(0.35, 0.45))
picture

# %% [markdown]
# ## Two knobs
#
# The argument says what to expect of real networks, too. $W_2$ must outgrow what it was before it
# followed: a network that starts with **small weights** should align better. And the length of
# **$B$** multiplies the signal of the hidden layer, and so its learning rate; backprop has no such
# knob. Digits again, plain gradient descent, 20 epochs. bp and shallow start from the same weights.


# %%
def knobs(W, B):
    """Draw accuracy and angle for W and B that are drawn so many times as long as usual."""
    fa = rules.FeedbackAlignment(feedback_init=scaled("uniform_fan_out", B))
    runs = {}
    for rule in (rules.Backprop(), fa, rules.Shallow()):
        init = scaled("xavier", W)
        layers = [Dense(64, 100, activation="tanh", init=init), Dense(100, 10, init=init)]
        net, sgd = Network(layers, seed=SEED), nofb.SGD(lr=0.05)
        runs[rule.name] = [nofb.fit(net, rule, digits, 20, 32, sgd, SEED, progress=False)]
    return accuracy_and_angle(runs)


slider(knobs, W=[0.01, 0.1, 1, 3, 10], B=[0.01, 0.1, 0.3, 1, 3, 10, 100])

# %% [markdown]
# ## Questions
#
# 1. In `updates`, which of the two steps would be different if `back` were zero? Which control of
#    this lesson would you have built?
# 2. Why does **redrawn** fail? Its signal is at 90° to backprop's on average: say in one sentence
#    what the hidden layer then learns.
# 3. Derive $W_1^\top W_1 = W_2 B + (W_2 B)^\top$ for weights that do not start at zero. What is
#    constant now? Which of the two knobs does that explain?
# 4. Multiply the law from the left with $e B$ and from the right with $(e B)^\top$. What must
#    $B B^\top$ look like for $e B$ to be within 90° of $e W_2^\top$, for *every* error $e$? When is
#    it nearly so for random $B$?
# 5. Set $B$ to 0.01 times its length: accuracy falls to that of a control. Which one, and why? Set
#    it to 100 times: it ends above bp. Is feedback alignment then better than backprop? What would
#    you have to do for a fair comparison?
# 6. The spirals were trained with RMSprop, which divides each step by its usual length. Would the
#    knob for $B$ do anything there? Predict, then try it with `scaled`.
# 7. Two hidden layers: which of the two has the larger angle at the end? (The history holds both.)
#    Give a reason. Lesson 03 has a rule that does not suffer from it.
