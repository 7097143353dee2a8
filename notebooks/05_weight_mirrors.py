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
# # 05 Weight mirrors: feedback that learns from noise
#
# > **Minutes**: 45 to read and answer, under one to run. **Before this**: 02, feedback alignment;
# > variance and covariance. **Seed**: 0 everywhere.
# >
# > **Rule**: [wm](../nofb/rules/weight_mirror.py). In a terminal: `nofb explain wm`.
#
# Feedback alignment never changes its feedback matrices. Akrout et al. (2019) train them, and only
# with noise: between two training steps, the units of one layer emit random noise, the next layer
# responds, and the feedback weights are updated from both.
#
# **How can the feedback path learn $W$ from noise?**

# %%
import numpy as np

import nofb
from nofb import Dense, Network, rules
from nofb.diagnosis import angle
from nofb.papers.akrout2019.logs import published
from nofb.plots import LivePlot, in_notebook, lessons, slider

SEED, EPOCHS = 0, 20
N_IN, N_OUT, WIDTH = 100, 60, 0.1  # units below, units above, σ of the noise
AXES = "mirror step", "angle between B and Wᵀ"

# %% [markdown]
# ## One layer, without data
#
# Samples are rows. A mirror step uses $M$ noise vectors and changes $B$ a little:
#
# $$
# \begin{aligned}
# \xi &\sim \mathcal N(0, \sigma^2), && (M, n) && \text{noise in the units below} \\
# z &= f(\xi W), && (M, m) && \text{response of the units above} \\
# \Delta B &= \frac{(z - \bar z)^\top \xi}{M - 1}, && (m, n) && \text{response times noise} \\
# B &\leftarrow (1 - \lambda) B + \eta\, \Delta B
# \end{aligned}
# $$
#
# Consider linear units. Then $\mathbb E[z^\top \xi] / M = W^\top\, \mathbb E[\xi^\top \xi] / M =
# \sigma^2 W^\top$: the noise of different units is independent, so its covariance is $\sigma^2 I$,
# and the correlation of a unit below and a unit above is the weight between them. With
# $\eta = \lambda / \sigma^2$, $B$ converges to $W^\top$ itself.


# %%
def mirror_step(W, B, rng, decay, samples, f=lambda a: a, centred=True):
    """Return B (m, n) after one mirror step; W is (n, m)."""
    xi = WIDTH * rng.standard_normal((samples, len(W)))  # (M, n)
    z = f(xi @ W)  # (M, m)
    if centred:
        z = z - z.mean(axis=0)
    dB = z.T @ xi / (samples - centred)  # (m, n)
    return (1 - decay) * B + decay / WIDTH**2 * dB


def follow(W, steps, decay, samples, **form):
    """Return the angle between B and Wᵀ, in degrees, after each step."""
    rng = np.random.default_rng(SEED)
    B, degrees = rng.normal(size=W.T.shape) / np.sqrt(len(W)), []
    for _ in range(steps + 1):
        degrees.append(angle(B, W.T))
        B = mirror_step(W, B, rng, decay, samples, **form)
    return degrees


# %% [markdown]
# ## How close does it come?
#
# It never reaches $W^\top$ exactly: each $\Delta B$ is computed from $M$ samples, and $B$ is an
# average over the last $1/\lambda$ of them. The remaining angle is a noise floor,
#
# $$
# \tan^2 \theta = F\,\frac{(n + 1)\,\lambda}{(2 - \lambda)(M - 1)}, \qquad
# F = \frac{\operatorname{Var} f(a)}{\operatorname{Var} a \; \mathbb E[f'(a)]^2}
# $$
#
# with $F = 1$ for linear units. The dashed lines in the figure show this formula; nothing in it is
# fitted to the runs.


# %%
def floor(decay, samples, F=1.0):
    """Return the remaining angle by theory, in degrees."""
    return np.degrees(np.arctan(np.sqrt(F * (N_IN + 1) * decay / (2 - decay) / (samples - 1))))


def draw_angles(pairs, steps=300):
    """Draw the angle over mirror steps for each pair of λ and M."""
    W = np.random.default_rng(SEED + 1).normal(size=(N_IN, N_OUT)) / np.sqrt(N_IN)
    found = {
        f"{decay:g}, {samples}": (follow(W, steps, decay, samples), floor(decay, samples))
        for decay, samples in pairs
    }
    return lessons.with_theory(found, *AXES, legend="λ, M")


draw_angles([(0.1, 64), (0.02, 16), (0.02, 64), (0.02, 256)])

# %% [markdown]
# $\lambda$ is a trade-off: a larger $\lambda$ makes $B$ converge faster but leaves more noise in
# it.

# %%
slider(
    lambda decay, samples: draw_angles([(decay, samples)]),
    decay=[0.005, 0.01, 0.02, 0.05, 0.1, 0.2],
    samples=[4, 16, 64, 256],
)

# %% [markdown]
# ## The mean response of a unit
#
# A logistic unit outputs $\tfrac12$ for zero input. In $\mathbb E[z^\top \xi]$ this does no harm,
# since $\mathbb E[\tfrac12 \xi] = 0$. In a sample it is noise, and larger than the useful response,
# which is $a / 4$ with $a$ about $\sigma = 0.1$. Without centring, the second moment $\tfrac14$
# replaces the variance in the formula, so $F = \tfrac14 / (\tfrac1{16} \sigma^2) = 400$, and $M$
# replaces $M - 1$. `mirror_step` subtracts the mean of each unit, which brings $F$ back to about 1.
# The authors' released code does not subtract it. (The raw line also fluctuates: all units have the
# same ½, so all rows of $B$ have the same noise.)


# %%
def logistic(a):
    return 1 / (1 + np.exp(-a))


W = np.random.default_rng(SEED + 1).normal(size=(N_IN, N_OUT)) / np.sqrt(N_IN)
found = {
    name: (
        follow(W, 300, 0.02, 64, f=logistic, centred=centred),
        floor(0.02, 64 + (not centred), F),
    )
    for name, centred, F in [("centred", True, 1), ("raw", False, 400)]
}
lessons.with_theory(found, *AXES, legend="response of logistic units")

# %% [markdown]
# ## Every layer needs its own noise
#
# Why not send one noise vector up through the whole network, and train all matrices with it? After
# the first layer the noise is $h = \xi W_1$. Its units have the same inputs, so they are
# correlated, $\operatorname{Cov} h = \sigma^2 W_1^\top W_1$, and the second matrix learns
#
# $$
# \mathbb E[\Delta B_2] = W_2^\top \operatorname{Cov} h = \sigma^2\, W_2^\top W_1^\top W_1
# $$
#
# For $n_1$ hidden units, $n_0$ inputs and random $W_1$, the angle of this matrix to $W_2^\top$ has
# $\cos \theta \approx 1 / \sqrt{1 + n_1 / n_0}$, after any number of steps. The dashed lines show
# this angle.


# %%
def second_layer(n_hidden, fresh, steps=300, decay=0.02, samples=64):
    """Return the angle between B_2 and W_2ᵀ over steps, with new noise or noise from below."""
    rng = np.random.default_rng(SEED)
    W1 = rng.normal(size=(N_IN, n_hidden)) / np.sqrt(N_IN)
    W2 = rng.normal(size=(n_hidden, N_OUT)) / np.sqrt(n_hidden)
    B, degrees = rng.normal(size=W2.T.shape) / np.sqrt(n_hidden), []
    for _ in range(steps + 1):
        degrees.append(angle(B, W2.T))
        shape = (samples, n_hidden if fresh else N_IN)
        noise = WIDTH * rng.standard_normal(shape)
        h = noise if fresh else noise @ W1  # (M, n_1)
        z = h @ W2
        B = (1 - decay) * B + decay / WIDTH**2 * (z - z.mean(0)).T @ h / (samples - 1)
    return degrees


# %%
found = {}
for n_hidden in (25, 100, 400):
    limit = np.degrees(np.arccos(1 / np.sqrt(1 + n_hidden / N_IN)))
    found[f"through W₁, {n_hidden} hidden"] = second_layer(n_hidden, fresh=False), limit
found["new noise, 100 hidden"] = second_layer(100, fresh=True), None
lessons.with_theory(found, "mirror step", "angle between B₂ and W₂ᵀ", legend="noise")

# %% [markdown]
# ## While the network learns
#
# `rules.WeightMirror` does this between training steps: it takes 200 mirror steps at the start,
# then one after each engaged step. In an engaged step the error is sent back as in feedback
# alignment, and $B$ does not change. Now $W$ changes while $B$ learns it. Read the file of the
# rule, `nofb/rules/weight_mirror.py`, next to this run. Only the weight-mirror run is plotted live.
# The test set has 359 images, so one image is 0.3 % of accuracy.


# %%
def train(rule):
    """Return the history of one rule on digits, 64-100-50-10."""
    layers = [Dense(64, 100, activation="tanh"), Dense(100, 50, activation="tanh"), Dense(50, 10)]
    net = Network(layers, loss="cross_entropy", seed=SEED)
    rms = nofb.RMSprop(lr=0.002, schedule="cosine")
    watch = [LivePlot(EPOCHS)] if in_notebook() and rule.name == "wm" else []
    run = nofb.fit(net, rule, data, EPOCHS, 32, rms, SEED, callbacks=watch, progress=False)
    return run.history


data = nofb.datasets.load("digits")
tried = [rules.Backprop(), rules.FeedbackAlignment(), rules.WeightMirror()]
histories = {rule.name: train(rule) for rule in tried}

# %%
lessons.accuracy_and_matrices(histories, {"output layer": 2, "second layer": 1})

# %% [markdown]
# ## The authors' results
#
# Their logs come with nofb: 400 epochs of MNIST with 784-500-10 logistic units. Their mirror is not
# centred and has no decay ($\lambda = 0$ with the same $\eta$), so $B$ grows without bound, and
# each new estimate has less weight than the one before. $B$ is then an average over all past
# estimates: it has less and less noise, but it follows $W$ more and more slowly.

# %%
lessons.published_runs({name: published(name) for name in ("bp", "fa", "wm")})

# %% [markdown]
# ## Questions
#
# 1. Start from $\Delta B = W^\top S$ with $S = \xi^\top \xi / M$ and show that its rows vary around
#    those of $\sigma^2 W^\top$ with a relative variance of $(n + 1) / M$. Where does
#    $\lambda / (2 - \lambda)$ come from?
# 2. You can use 64 noise vectors between two engaged steps. Is it better to take one mirror step
#    with $M = 64$, or four with $M = 16$ and a quarter of $\lambda$? Predict, then use
#    `draw_angles`.
# 3. Call `follow` with the function `lambda a: np.maximum(a, 0)`. Which $F$ do you find? Half of
#    the responses of a ReLU unit are zero: why is $F$ not 2?
# 4. Saturated units: set `WIDTH = 3` with `np.tanh`. Each row of $B$ now converges to
#    $\mathbb E[f'(a)]$ times its column of $W$. What does this do to the angle if the units have
#    weights of different lengths?
# 5. On digits, each matrix starts at its noise floor (compute it for $n = 100$ and $50$,
#    $\lambda = 0.02$, $M = 64$). Why does the angle rise in the first epoch, and why does it end
#    *below* the floor? (The mirror's $\eta$ and $\lambda$ follow the schedule of the learning
#    rate.)
# 6. Which line of `mirror_step` uses $W$? Why could a brain compute this line, but not
#    $\delta W^\top$?
