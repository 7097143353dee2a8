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
# # 06 Kolen-Pollack: two matrices with the same local update
#
# > **Minutes**: 30 to read and answer, under one to run. **Before this**: 02, feedback alignment;
# > 05 helps. **Seed**: 0 everywhere.
# >
# > **Rule**: [kp](../nofb/rules/kolen_pollack.py). In a terminal: `nofb explain kp`.
#
# A weight mirror needs a second phase. The method of Kolen and Pollack (1994) does not. The forward
# synapse and the feedback synapse have the same two activities at their ends, and decay at the same
# rate. So
#
# **how can two matrices become equal, if neither reads the other?**

# %%
import numpy as np

import nofb
from nofb import Dense, Network, rules
from nofb.diagnosis import angle
from nofb.papers.akrout2019.logs import published
from nofb.plots import lessons, slider

SEED, EPOCHS = 0, 20

# %% [markdown]
# ## The difference of the two matrices
#
# Samples are rows; $h$ is the input of a layer, $\delta$ the teaching signal at its units:
#
# $$
# \begin{aligned}
# \Delta W &= h^\top \delta / N, & W &\leftarrow (1 - \lambda)(W - \eta\,\Delta W) \\
# \Delta B &= \delta^\top h / N, & B &\leftarrow (1 - \lambda)(B - \eta\,\Delta B)
# \end{aligned}
# $$
#
# Each synapse multiplies the two activities at its own ends. Transpose the second line and subtract
# it from the first. Then $\Delta W - \Delta B^\top = 0$ for any $h$ and $\delta$, and
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


def train_on_noise(decay, steps=1000, n=40, m=20, lr=0.05):
    """Return the history of W (n, m) and of B in a layer that receives only noise."""
    rng = np.random.default_rng(SEED)
    W, B = rng.normal(size=(n, m)) / np.sqrt(n), rng.normal(size=(m, n)) / np.sqrt(n)
    history = [(W, B)]
    for _ in range(steps):
        h, delta = rng.normal(size=(8, n)), rng.normal(size=(8, m))  # only noise
        W, B = step(W, B, h, delta, lr, decay)
        history.append((W, B))
    return history


# %% [markdown]
# The derivation makes no assumption about $h$ and $\delta$, so the law must hold for pure noise, to
# double precision:

# %%
decay = 0.01
history = train_on_noise(decay)
(W0, B0), (W, B) = history[0], history[-1]
law = (1 - decay) ** 1000 * (W0 - B0.T)
print(f"largest entry of W - Bᵀ at the start   {abs(W0 - B0.T).max():.2f}")
print(f"after 1000 steps                       {abs(W - B.T).max():.2e}")
print(f"largest difference to the law          {abs(W - B.T - law).max():.0e}")

# %% [markdown]
# ## The angle, from W alone
#
# Solve the law for $B$. It only needs the initial $B$:
#
# $$
# B_t^\top = W_t - (1 - \lambda)^t\,(W_0 - B_0^\top), \qquad
# \cos \theta_t = \frac{\langle W_t, B_t^\top \rangle}{\lVert W_t \rVert\, \lVert B_t \rVert}
# $$
#
# So the angle depends on two lengths: the length of the difference $W - B^\top$, which the law
# gives, and the length of $W$, which it does not give. The figure shows both. The lines on the
# right are computed without $B$; the points are measured.


# %%
def lengths_and_angle(decays):
    """Draw ‖W‖ and ‖W - Bᵀ‖, and the angle between W and Bᵀ, over steps."""
    found = {}
    for decay in decays:
        history = train_on_noise(decay)
        gap = history[0][0] - history[0][1].T
        left = (1 - decay) ** np.arange(len(history))  # the law
        found[f"λ = {decay:g}"] = (
            np.array([np.linalg.norm(W) for W, _ in history]),
            left * np.linalg.norm(gap),
            np.array([angle(W, B.T) for W, B in history]),
            np.array([angle(W, W - k * gap) for (W, _), k in zip(history, left, strict=True)]),
        )
    return lessons.lengths_and_angles(found)


lengths_and_angle([0, 0.001, 0.003, 0.01])

# %% [markdown]
# Look at $\lambda = 0$ (blue). The difference $W - B^\top$ has the same length at the end as at the
# start, and yet the angle falls, because $W$ becomes longer. In the authors' released runs the
# decay factor is 1, so this is the only reason why their angle falls.
#
# The signals were random, so the network learned nothing useful, but the two matrices became equal.

# %%
slider(lambda decay: lengths_and_angle([decay]), decay=[0, 0.0003, 0.001, 0.003, 0.01, 0.03])

# %% [markdown]
# ## Training on data
#
# We train `rules.KolenPollack` on digits. Now $\delta$ is computed from an error, and it is sent
# back through the same $B$ that it updates. $\lambda$ is per step, and an epoch has 45 steps. The
# test set has 359 images, so one image is 0.3 % of accuracy, and small differences mean nothing.


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
lessons.accuracy_and_matrices(histories)

# %% [markdown]
# ## The authors' results
#
# These are their logs: 400 epochs of MNIST with 784-500-10 logistic units and $\lambda = 0$. Their
# angle falls only because the weights grow. The weights grow more and more slowly, and so the angle
# falls more and more slowly.

# %%
lessons.published_runs({name: published(name) for name in ("bp", "fa", "wm", "kp")})

# %% [markdown]
# ## Questions
#
# 1. Repeat the derivation with momentum on both matrices. Does the law hold? With Adam? With a
#    limit on the length of each column of $W$ and of each column of $B$?
# 2. In `step`, let $B$ decay at half the rate of $W$. What happens to $W$ and $B^\top$ now?
#    Predict, then draw it.
# 3. In `train_on_noise`, set `delta` to zero in 19 of 20 units. What does the law say about the
#    columns of these units, and about the angle?
# 4. For $\lambda = 0$ let $W_0$ and $B_0^\top$ be random and orthogonal to each other, each of
#    length 1, and add the same $S$ of length $s$, orthogonal to them, to both. Show that
#    $\cos \theta = s^2 / (1 + s^2)$. How long must $S$ be for 5°?
# 5. The largest $\lambda$ on digits has the smallest angle. Why is it not the best? What does the
#    schedule of the learning rate have to do with a good $\lambda$?
# 6. A weight mirror and Kolen-Pollack both learn $W^\top$. In which of the two would $B$ follow if
#    $W$ were damaged in the middle of training? Which one needs a phase without data?
