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
# # 06 Kolen-Pollack: two matrices, one local product
#
# > **Minutes**: 30 to read and answer, under one to run. **Before this**: 02, feedback alignment;
# > 05 helps. **Seed**: 0 everywhere.
#
# A mirror needs a second phase. Kolen and Pollack (1994) need none: if the synapse that leads up
# and the one that leads back see the same two activities and forget at the same pace, then
#
# **how can two matrices become one, when neither ever looks at the other?**

# %%
import numpy as np

import nofb
from nofb import Dense, Network, rules
from nofb.diagnosis import angle
from nofb.papers.akrout2019.logs import published
from nofb.plots import Picture, slider
from nofb.plots.style import HUES, OKABE_ITO, look, using

SEED, EPOCHS = 0, 20
COLOURS = [OKABE_ITO[hue] for hue in HUES]

# %% [markdown]
# ## What they do not share
#
# Samples are rows; $h$ is what a layer received, $\delta$ the teaching signal at its units:
#
# $$
# \begin{aligned}
# \Delta W &= h^\top \delta / N, & W &\leftarrow (1 - \lambda)(W - \eta\,\Delta W) \\
# \Delta B &= \delta^\top h / N, & B &\leftarrow (1 - \lambda)(B - \eta\,\Delta B)
# \end{aligned}
# $$
#
# Each synapse multiplies what it has at its own two ends. Transpose the second line and subtract it
# from the first. $\Delta W - \Delta B^\top = 0$, whatever $h$ and $\delta$ are, and
#
# $$
# \begin{aligned}
# W - B^\top &\leftarrow (1 - \lambda)\,(W - B^\top), \\
# W_t - B_t^\top &= (1 - \lambda)^t\,(W_0 - B_0^\top).
# \end{aligned}
# $$


# %%
def step(W, B, h, delta, lr, decay):
    """Return W (n, m) and B (m, n) after one step; h is (N, n), delta (N, m)."""
    dW = h.T @ delta / len(h)
    dB = delta.T @ h / len(h)
    return (1 - decay) * (W - lr * dW), (1 - decay) * (B - lr * dB)


def walk(decay, steps=1000, n=40, m=20, lr=0.05):
    """Return the history of W (n, m) and of B in a layer that is fed with nonsense."""
    rng = np.random.default_rng(SEED)
    W, B = rng.normal(size=(n, m)) / np.sqrt(n), rng.normal(size=(m, n)) / np.sqrt(n)
    history = [(W, B)]
    for _ in range(steps):
        h, delta = rng.normal(size=(8, n)), rng.normal(size=(8, m))  # nobody teaches anything
        W, B = step(W, B, h, delta, lr, decay)
        history.append((W, B))
    return history


# %% [markdown]
# The derivation asked nothing of $h$ and $\delta$, so the law must hold for pure noise, to the last
# bits of double precision:

# %%
decay = 0.01
history = walk(decay)
(W0, B0), (W, B) = history[0], history[-1]
law = (1 - decay) ** 1000 * (W0 - B0.T)
print(f"largest entry of W - Bᵀ at the start   {abs(W0 - B0.T).max():.2f}")
print(f"after 1000 steps                       {abs(W - B.T).max():.2e}")
print(f"largest difference to the law          {abs(W - B.T - law).max():.0e}")

# %% [markdown]
# ## The angle, from W alone
#
# Solve the law for $B$. It needs nothing but where $B$ began:
#
# $$
# B_t^\top = W_t - (1 - \lambda)^t\,(W_0 - B_0^\top), \qquad
# \cos \theta_t = \frac{\langle W_t, B_t^\top \rangle}{\lVert W_t \rVert\, \lVert B_t \rVert}
# $$
#
# So the angle has two causes: the length of what is not shared, which the law knows, and the length
# of $W$, which it does not. The picture shows both. Lines on the right are computed without a look
# at $B$; points are measured.


# %%
def lengths_and_angle(decays):
    """Draw ‖W‖ and ‖W - Bᵀ‖, and the angle between W and Bᵀ, over steps."""
    with using("light"):
        picture = Picture(10, 3.8)
        lengths, angles = picture.subplots(1, 2)
        for decay, colour in zip(decays, COLOURS, strict=False):
            history = walk(decay)
            gap = history[0][0] - history[0][1].T
            left = (1 - decay) ** np.arange(len(history))  # the law
            predicted = [angle(W, W - k * gap) for (W, _), k in zip(history, left, strict=True)]
            steps = np.arange(0, len(history), 50)
            lengths.plot([np.linalg.norm(W) for W, _ in history], color=colour)
            lengths.plot(left * np.linalg.norm(gap), color=colour, linestyle="--")
            angles.plot(predicted, color=colour, label=f"λ = {decay:g}")
            angles.plot(steps, [angle(W, B.T) for W, B in history[::50]], "o", color=colour)
        lengths.set(xlabel="step", title="length of W (solid) and of W - Bᵀ (dashed)", ylim=(0, 18))
        angles.set(xlabel="step", title="angle between W and Bᵀ in degrees", ylim=(0, 95))
        angles.legend()
    return picture


lengths_and_angle([0, 0.001, 0.003, 0.01])

# %% [markdown]
# Look at $\lambda = 0$, blue. What $W$ and $B^\top$ do not share is as long at the end as it was at
# the start, and yet the angle falls: $W$ grows, and the same gap is seen from farther away. That is
# all that brings the matrices together in the authors' released runs, whose decay factor is 1.
#
# Nothing was taught here, so nothing was learned; the matrices agreed on nonsense.

# %%
slider(lambda decay: lengths_and_angle([decay]), decay=[0, 0.0003, 0.001, 0.003, 0.01, 0.03])

# %% [markdown]
# ## With something to learn
#
# `rules.KolenPollack` on digits: $\delta$ is now an error, and it travels through the very $B$ that
# it changes. $\lambda$ is per step, and an epoch has 45 of them. The accuracy is that of 359
# images: one of them is 0.003, and small differences mean nothing.


# %%
def train(rule):
    """Return the history of one rule on digits, 64-100-50-10."""
    layers = [Dense(64, 100, activation="tanh"), Dense(100, 50, activation="tanh"), Dense(50, 10)]
    net = Network(layers, loss="cross_entropy", seed=SEED)
    run = nofb.fit(net, rule, data, EPOCHS, 32, nofb.RMSprop(lr=0.002), seed=SEED, progress=False)
    return run.history


data = nofb.datasets.load("digits")
tried = {f"kp, λ = {decay:g}": rules.KolenPollack(decay=decay) for decay in (0, 0.001, 0.01, 0.03)}
tried |= {"bp": rules.Backprop(), "fa": rules.FeedbackAlignment()}
histories = {name: train(rule) for name, rule in tried.items()}

# %%
with using("light") as theme:
    picture = Picture(10, 3.8)
    accuracy, angles = picture.subplots(1, 2)
    colours = [*COLOURS[1:5], theme.ink, COLOURS[0]]
    for (name, history), colour in zip(histories.items(), colours, strict=True):
        accuracy.plot(range(1, EPOCHS + 1), history["test_accuracy"], color=colour, label=name)
        if name != "bp":  # which has no feedback matrices
            angles.plot(history.from_start("weight_angle")[:, 2], color=colour)
    accuracy.set(xlabel="epoch", title="test accuracy", xticks=range(0, EPOCHS + 1, 5))
    angles.set(xlabel="epoch", title="output layer's W and Bᵀ, degrees", ylim=(0, 95))
    angles.set_xticks(range(0, EPOCHS + 1, 5))
    accuracy.legend(loc="lower right", ncols=2)
picture

# %% [markdown]
# ## What the authors saw
#
# Their logs: 400 epochs of MNIST with 784-500-10 logistic units, where $\lambda = 0$. An angle that
# falls by growth alone falls ever more slowly, as the weights themselves grow ever more slowly.

# %%
with using("light") as theme:
    picture = Picture(10, 3.6)
    accuracy, angles = picture.subplots(1, 2)
    for name in ("bp", "fa", "wm", "kp"):
        log, colour = published(name), look(name, theme).colour
        epochs = np.arange(1, len(log["loss"]) + 1)
        accuracy.plot(epochs, log["test_accuracy"], color=colour, label=name)
        if name != "bp":
            angles.plot(epochs, log["weight_angle"], color=colour, label=name)
    accuracy.set(xlabel="epoch", xscale="log", title="test accuracy, as published", ylim=(0.85, 1))
    angles.set(xlabel="epoch", xscale="log", title="output layer's B and Wᵀ, degrees")
    angles.set_ylim(0, 65)
    accuracy.legend()
picture

# %% [markdown]
# ## Questions
#
# 1. Repeat the derivation with momentum on both matrices. Does the law hold? With Adam? With a
#    limit on the length of each column of $W$ and of each column of $B$?
# 2. In `step`, let $B$ forget at half the pace of $W$. Where do $W$ and $B^\top$ go now? Predict,
#    then draw it.
# 3. Feed `walk` with `delta` that is zero in 19 of 20 units. What does the law say about the
#    columns that never learn, and what about the angle?
# 4. For $\lambda = 0$ let $W_0$ and $B_0^\top$ be random and orthogonal to each other, each of
#    length 1, and let both gain the same $S$ of length $s$, orthogonal to them. Show that
#    $\cos \theta = s^2 / (1 + s^2)$. How long must $S$ be for 5°?
# 5. The largest $\lambda$ on digits has the smallest angle. Why is it not the best? What does the
#    schedule of the learning rate have to do with a good $\lambda$?
# 6. A mirror and Kolen-Pollack both find $W^\top$. Which one would notice if $W$ were damaged from
#    outside, in the middle of training? Which one needs a phase without data?
