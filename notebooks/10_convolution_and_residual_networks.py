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
# # 10 Convolution and residual networks
#
# > **Minutes**: 45 to read and answer, under one to run. **Before this**: 05, weight mirrors, 06,
# > Kolen-Pollack, and 09, depth; what a convolution is. **Seed**: 0 everywhere.
# >
# > **Rules**: [fa](../nofb/rules/feedback_alignment.py), [wm](../nofb/rules/weight_mirror.py),
# > [kp](../nofb/rules/kolen_pollack.py). In a terminal: `nofb explain fa`.
#
# A convolution applies a filter at every position of an image. A shortcut adds an activity to the
# output of a later layer. A normalisation depends on the whole batch. None of them is a matrix
# between two layers, so at first sight each of them needs its own kind of feedback path.
#
# **Which weights would have to be transported in convolutional and residual networks?**

# %%
import numpy as np

import nofb
from nofb import BatchNorm, Conv2D, Dense, Network, Residual, networks, rules
from nofb.plots import lessons

SEED = 0
fashion = networks.prepared("lenet", nofb.datasets.load("fashion_small").centred())
digits = networks.prepared("resnet", nofb.datasets.load("digits").centred())

# %% [markdown]
# ## Patches are rows
#
# A convolution cuts a patch out of the maps at every position. Let each patch be a *row* of a
# matrix $P$, with a column for each pixel of a filter and each map. Then the convolution is a dense
# layer:
#
# $$
# \begin{aligned}
# a &= P\, W + b & & (N \cdot \text{positions},\ \text{maps}) \\
# s_P &= \delta\, B & & \text{a signal on every pixel of every patch} \\
# \Delta W &= P^\top \delta / N & & \text{a sum over positions, a mean over samples}
# \end{aligned}
# $$
#
# $W$ has a column for each map. $B$, which replaces $W^\top$, has a row for each map. One thing is
# new: a pixel is in many patches, up to nine for a 3 x 3 filter, and gets a signal from each. These
# signals are **added**. We compute this by hand and compare it with the library:


# %%
def patches(maps, size=3):
    """Return every patch (N, H', W', size, size, channels) of maps (N, H, W, channels)."""
    windows = np.lib.stride_tricks.sliding_window_view(maps, (size, size), axis=(1, 2))
    return windows.transpose(0, 1, 2, 4, 5, 3)


def back_to_pixels(signal, maps, size=3):
    """Return a signal on maps: the sum of the signals of all patches with a pixel."""
    total = np.zeros_like(maps)
    rows, columns = signal.shape[1:3]
    for i in range(size):
        for j in range(size):
            total[:, i : i + rows, j : j + columns] += signal[:, :, :, i, j]
    return total


first, second = Conv2D(1, 4, 3, activation="tanh"), Conv2D(4, 5, 3, activation="tanh")
net = Network([first, second, nofb.Flatten(), Dense(80, 10)], seed=SEED, dtype=np.float64,
              input_shape=(1, 8, 8))  # fmt: skip
rule = rules.FeedbackAlignment()
rule.attach(net, seed=SEED)
x, y = digits.x_train[:7], digits.y_train[:7]
updates = rule.updates(net, x, y)
trace = net.forward(x)
rule.teach(net, trace.set_target(net.as_target(y, 7)))
delta = trace.deltas[second]  # (7, 4, 4, 5)

P = patches(trace[second].h_below)  # (7, 4, 4, 3, 3, 4)
rows = P.reshape(-1, 36)
signal = back_to_pixels((delta.reshape(-1, 5) @ second.B).reshape(P.shape), trace[first].h)
by_hand = {
    "a of the second convolution": (rows @ second.W + second.b, trace[second].a.reshape(-1, 5)),
    "its weight update": (rows.T @ delta.reshape(-1, 5) / 7, updates[1].dW),
    "δ of the first": (signal * (1 - trace[first].h ** 2), trace.deltas[first]),
}
for name, (ours, theirs) in by_hand.items():
    print(f"{name:28} largest difference {abs(ours - theirs).max():.0e}")
print(f"W {second.W.shape}, B {second.B.shape}, patches {rows.shape}")

# %% [markdown]
# The rules do not change. In feedback alignment $B$ is drawn and fixed. In Kolen-Pollack
# $\Delta B = \delta^\top P / N$ is the transpose of the weight update, over patches. A weight
# mirror sends noise through the filter, patch by patch, and correlates. Direct feedback does not
# use patches: it sends a signal to every pixel of every map at once, so its $D$ is a large matrix.
#
# ## LeNet
#
# LeNet has two convolutions and three dense layers. We train it on 2000 images of clothes:

# %%
net = networks.make("lenet", fashion, seed=SEED)
rules.DirectFeedbackAlignment().attach(net, seed=SEED)
print(net)

# %%
COMPARED = ("bp", "fa", "dfa", "wm", "kp")


def train(name, data, rule, epochs, lr):
    """Return the run of one rule on a named network."""
    net, adam = networks.make(name, data, seed=SEED), nofb.Adam(lr=lr, schedule="cosine")
    return nofb.fit(net, rules.make(rule), data, epochs, 32, adam, seed=SEED, progress=False)


def show(runs, title):
    """Draw accuracy over epochs, and the final angle of signals to backprop, by layer."""
    return lessons.accuracy_by_layer({name: run.history for name, run in runs.items()}, title)


clothes = {rule: train("lenet", fashion, rule, 6, 0.002) for rule in COMPARED}
show(clothes, "LeNet, test accuracy on clothes")

# %% [markdown]
# Rules with learned feedback are close to backprop. With fixed feedback, the signals of the
# convolutions (layers 1 and 2) are at a right angle to backprop's, and the accuracy is eight points
# lower. One reason: a filter has few weights, and each of them is used at a hundred positions. So
# it cannot align with a random matrix as a wide dense layer can.
#
# The second convolution has 16 filters over 6 maps. The figure shows eight of them for the first
# map, and the same part of $B$. With **wm** both are nearly equal, although the rule did not read
# any weight. With **fa** they are unrelated.

# %%
pairs = {}
for name in ("wm", "fa"):
    layer = clothes[name].net.weighted[1]
    pairs[name] = [matrix.reshape(5, 5, 6, 16)[:, :, 0] for matrix in (layer.W, layer.B.T)]
lessons.filters_and_feedback(pairs)

# %% [markdown]
# ## A residual block
#
# $$
# h = \operatorname{branch}(x) + x
# $$
#
# The forward pass is a sum. In the backward pass, a signal $s$ on $h$ takes both paths. Along the
# shortcut it passes no matrix. Along the branch it passes the $B$ of each layer. Both signals
# arrive at $x$ and are added: $s_x = s + s_{\text{branch}}$.

# %%
path = [(3, 2, "1"), (2, 1, "B₂"), (1, 0, "B₁"), (3, 0, "1")]
lessons.residual_paths(["x", "h₁", "h₂", "h"], path)

# %% [markdown]
# We compute this by hand again, with two dense layers in the branch. `s` is the signal that the
# layer above sends to $h$.

# %%
below, lower, upper = Dense(6, 5, "tanh"), Dense(5, 4, "tanh"), Dense(4, 5)
top = Dense(5, 3)
net = Network([below, Residual([lower, upper]), top], seed=SEED, dtype=np.float64)
rule.attach(net, seed=SEED)
rng = np.random.default_rng(SEED)
x, y = rng.standard_normal((7, 6)), rng.integers(0, 3, 7)
trace = net.forward(x)
rule.teach(net, trace.set_target(net.as_target(y, 7)))

s = trace.error @ top.B
through = ((s @ upper.B) * (1 - trace[lower].h ** 2)) @ lower.B
delta = (s + through) * (1 - trace[below].h ** 2)
print(f"largest difference {abs(delta - trace.deltas[below]).max():.0e}")

# %% [markdown]
# The part `s` passes no matrix of the block. So in a stack of blocks, the signal of the first layer
# is a sum over *all* paths to it: one without a matrix of any block, one through each block alone,
# and so on. The long paths are as bad as in lesson 09. The short ones are as good as in a shallow
# network.
#
# ## Normalisation
#
# `BatchNorm` normalises each map with its mean and variance over the batch,
# $z = (a - \mu) / \sigma$, and outputs $\gamma \circ z + \beta$. Only $\gamma$ and $\beta$ learn.
# They only need $z$ and the signal $s$ on the output:
#
# $$
# \Delta\gamma = \sum s \circ z / N, \qquad \Delta\beta = \sum s / N
# $$
#
# The signal for the layer below is multiplied by $\gamma / \sigma$, after its mean and its part
# along $z$ are subtracted. All these numbers belong to the unit itself. No weight of another unit
# is needed, so nothing is transported.

# %%
norm = BatchNorm(5)
net = Network([below := Dense(6, 5), norm, nofb.Activation("tanh"), Dense(5, 3)], seed=SEED,
              dtype=np.float64)  # fmt: skip
rule.attach(net, seed=SEED)
trace = net.forward(x, train=True)
rule.teach(net, trace.set_target(net.as_target(y, 7)))
a = trace[below].h
z = (a - a.mean(axis=0)) / np.sqrt(a.var(axis=0) + norm.epsilon)
s = (trace.error @ net.weighted[-1].B) * (1 - np.tanh(norm.gamma * z + norm.beta) ** 2)
learned = norm.learn(trace[norm], trace.passed[norm], 7)
print(f"Δγ: largest difference {abs((s * z).mean(axis=0) - learned['gamma']).max():.0e}")
s_z = norm.gamma / np.sqrt(a.var(axis=0) + norm.epsilon)
down = s_z * (s - s.mean(axis=0) - z * (s * z).mean(axis=0))
print(f"δ below: largest difference {abs(down - trace.deltas[below]).max():.0e}")

# %% [markdown]
# ## ResNet-8
#
# ResNet-8 has three residual blocks of two convolutions each, and every convolution is normalised.
# If a block changes the size and the number of maps, its shortcut is a 1 x 1 convolution with its
# own $W$ and $B$. Two of the three blocks have one, so there are ten layers with weights.

# %%
print(networks.make("resnet", digits))

# %%
residual = {rule: train("resnet", digits, rule, 4, 0.004) for rule in COMPARED}
show(residual, "ResNet-8, test accuracy on digits")

# %% [markdown]
# After 180 steps feedback alignment is within five points of backprop, although its signals are at
# nearly 90° in the first layers: the signals of the last block are good enough. Direct feedback
# does not use the shortcuts and is the worst.
#
# So the answer to our question: only the *matrices* would have to be transported, and each has its
# own $B$. Patches are rows, sums stay sums, and pooling, normalisation and slopes need only local
# activities. `nofb reproduce networks` does this for all rules, and for transformers.

# %% [markdown]
# ## Questions
#
# 1. A brain cannot share weights: each position would have its own filter. What are $\Delta W$ and
#    $B$ then? Which rule would learn $W^\top$ more slowly?
# 2. How many numbers does $D$ have for the first convolution of LeNet, and how many does $B$ have
#    for the second one? Use the table above.
# 3. `back_to_pixels` adds up to nine signals. What would change with a mean instead of the sum, for
#    backprop, and for feedback alignment with Adam?
# 4. In the second convolution of LeNet, max-pooling sends a signal back to one pixel of four. Does
#    this need information about weights? Which unit has the information which pixel it is?
# 5. Write down all paths of a signal through *three* residual blocks. How many matrices are on the
#    average path, if each block counts as one?
# 6. Multiply $W$ of a convolution before a `BatchNorm` by 10. What happens to $z$, to the signal
#    that arrives at $W$, and to the angle between $B$ and $W^\top$?
# 7. `BatchNorm` needs the mean of its signals over the batch. In which sense is this local, and in
#    which sense is it not? What would `LayerNorm` need instead?
# 8. Add the control **shallow**, which trains the last layer alone, to `COMPARED`. How much of the
#    accuracy of **fa** in ResNet-8 comes from its hidden layers?
