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
# # 03 Direct and indirect feedback: shorter ways back
#
# > **Minutes**: 40 to read and answer, under one to run. **Before this**: 02, feedback alignment.
# > **Seed**: 0 everywhere.
#
# Feedback alignment keeps backprop's route: from layer to layer, the last one first. If the
# matrices on that route may be random, why keep the route? Nøkland (2016) gave each layer a line of
# its own.
#
# **Does the error have to come back the way it went up?**

# %%
from itertools import pairwise

import numpy as np
from matplotlib.colors import ListedColormap

import nofb
from nofb import Dense, Network, rules
from nofb.diagnosis import angle
from nofb.plots import LivePlot, Picture, in_notebook, paths, slider
from nofb.plots.curves import draw_rule, epoch_axis, percent
from nofb.plots.style import look, using

SEED = 0

# %% [markdown]
# ## Four routes
#
# The way up is grey and the same for all. The way back is in colour, with the matrix it goes
# through: backprop and feedback alignment step down; direct feedback alignment (DFA) jumps from the
# error to every layer; indirect feedback alignment (IFA) jumps to the first one, and then rides up
# again on the forward weights.

# %%
ROUTES = {
    "bp": [(4, 3, "W₄ᵀ"), (3, 2, "W₃ᵀ"), (2, 1, "W₂ᵀ")],
    "fa": [(4, 3, "B₄"), (3, 2, "B₃"), (2, 1, "B₂")],
    "dfa": [(4, 3, "D₃"), (4, 2, "D₂"), (4, 1, "D₁")],
    "ifa": [(4, 1, "D₁"), (1, 2, "W₂"), (2, 3, "W₃")],
}
with using("light") as theme:
    picture = Picture(9.6, 4, theme)
    panels = picture.subplots(2, 2, height_ratios=[1, 2]).flat
    for axes, (name, route) in zip(panels, ROUTES.items(), strict=True):
        paths(axes, ["x", "h₁", "h₂", "h₃", "e"], route, look(name, theme).colour, theme)
        axes.set_title(name)
picture

# %% [markdown]
# ## In equations
#
# Samples are rows, $e = \hat y - y$ is $(N, n_L)$, and $D_l$ is $(n_L, n_l)$: always from the
# output straight to layer $l$.
#
# $$
# \begin{aligned}
# \text{FA:} && \delta_L &= e, & \delta_{l-1} &= (\delta_l B_l) \circ f'(a_{l-1}) \\
# \text{DFA:} && && \delta_l &= (e\, D_l) \circ f'(a_l) && \text{every hidden } l \\
# \text{IFA:} && \delta_1 &= (e\, D_1) \circ f'(a_1),
# & \delta_l &= (\delta_{l-1} W_l) \circ f'(a_l) && 1 < l < L
# \end{aligned}
# $$
#
# The weight step is everybody's, $\Delta W_l = h_{l-1}^\top \delta_l / N$. In code, with the slopes
# $f'(a_1), f'(a_2), \ldots$ of the hidden layers in a list:


# %%
def stepwise(e, slopes, B):
    """FA: return δ of the hidden layers, from the input side up; B are B_2, B_3, ..."""
    deltas = []
    for matrix, slope in zip(B[::-1], slopes[::-1], strict=True):
        above = deltas[-1] if deltas else e
        deltas.append((above @ matrix) * slope)
    return deltas[::-1]


def direct(e, slopes, D):
    """DFA: the same; D are D_1, D_2, ... No layer needs another one's δ."""
    return [(e @ matrix) * slope for matrix, slope in zip(D, slopes, strict=True)]


def indirect(e, slopes, D1, W):
    """IFA: the same; W are W_2, W_3, ... of the hidden layers."""
    deltas = [(e @ D1) * slopes[0]]
    for matrix, slope in zip(W, slopes[1:], strict=True):
        deltas.append((deltas[-1] @ matrix) * slope)
    return deltas


# %% [markdown]
# Against the library, on a batch of digits, in a network with three hidden layers of different
# sizes:


# %%
def build(*units, **options):
    """Return a network with tanh layers."""
    options = {"activation": "tanh"} | options
    layers = [Dense(n, m, **options) for n, m in pairwise(units)]
    last = options | {"activation": None}
    return Network([*layers, Dense(units[-1], 10, **last)], seed=SEED, dtype=np.float64)


digits = nofb.datasets.load("digits").centred().flat()
x, y = digits.x_train[:32], digits.y_train[:32]
net = build(64, 50, 40, 30)
layers = net.layers
trace = net.forward(x)
e = trace.output - np.eye(10)[y]  # (N, 10)
slopes = [1 - trace[layer].h ** 2 for layer in layers[:-1]]


def steps(name):
    """Return the weight steps of the hidden layers by the library's rule."""
    rule = rules.make(name)
    rule.attach(net, seed=SEED)
    return [update.dW for update in rule.updates(net, x, y)[:-1]]


def by_hand(deltas):
    received = [trace[layer].h_below for layer in layers[:-1]]
    return [h.T @ delta / len(x) for h, delta in zip(received, deltas, strict=True)]


for name, deltas in [
    ("fa", lambda: stepwise(e, slopes, [layer.B for layer in layers[1:]])),
    ("dfa", lambda: direct(e, slopes, [layer.D for layer in layers[:-1]])),
    ("ifa", lambda: indirect(e, slopes, layers[0].D, [layer.W for layer in layers[1:-1]])),
]:
    own = steps(name)  # attaches the rule, so that B or D is there
    pairs = zip(own, by_hand(deltas()), strict=True)
    print(f"{name:4} largest difference {max(abs(a - b).max() for a, b in pairs):.0e}")

# %% [markdown]
# ## When are they the same?
#
# With **one hidden layer** there is only one step back, so all three are one rule, with $D_1$ where
# $B_2$ stood:

# %%
net = build(64, 50)
fa = rules.make("fa")
fa.attach(net, seed=SEED)
B2, expected = net.layers[1].B, fa.updates(net, x, y)[0].dW
for name in ("dfa", "ifa"):
    rule = rules.make(name)
    rule.attach(net, seed=SEED)
    net.layers[0].D[:] = B2
    print(f"{name} less fa: {abs(rule.updates(net, x, y)[0].dW - expected).max()}")

# %% [markdown]
# With more, send the error down through $D_1 = B_3 B_2$ in place of $B_3$ and then $B_2$. What is
# left out on the way is the slope $f'(a_2)$ in between. If the units are linear there is none, and
# nothing is left out:

# %%
for activation in (None, "tanh"):
    net = build(64, 50, 40, activation=activation)
    rules.make("fa").attach(net, seed=SEED)
    _, second, last = net.layers
    D1 = last.B @ second.B  # (10, 50)
    trace = net.forward(x)
    e = trace.output - np.eye(10)[y]
    slopes = [layer.activation.slope(trace[layer].a) for layer in net.layers[:-1]]
    down, jumped = stepwise(e, slopes, [second.B, last.B])[0], (e @ D1) * slopes[0]
    print(f"{activation or 'linear':7} δ₁ of FA and of DFA are {angle(down, jumped):.1f}° apart")

# %% [markdown]
# ## Watch a deep one
#
# Four hidden layers, each with its own line to the error. All their angles fall at about the same
# pace; no layer waits until the one above it has become worth listening to.

# %%
net = Network([*[Dense(64, 64, activation="tanh") for _ in range(4)], Dense(64, 10)], seed=SEED)
watch = [LivePlot(epochs=40)] if in_notebook() else []
sgd = nofb.SGD(lr=0.05)
rule = rules.DirectFeedbackAlignment()
run = nofb.fit(net, rule, digits, 40, 32, sgd, seed=SEED, callbacks=watch, progress=False)

# %% [markdown]
# ## How far does it carry?
#
# Now depth. Each step of feedback alignment multiplies with one more matrix that is only partly
# aligned, so what reaches the bottom is a copy of a copy. A direct line has one matrix whatever the
# depth. On the right, each hidden layer's angle to backprop at the end of training; the controls
# are on the left, **bp** above and **shallow** below.

# %%
EPOCHS = 20


def train(name, hidden):
    layers = [Dense(64, 64, activation="tanh") for _ in range(hidden)]
    net = Network([*layers, Dense(64, 10)], seed=SEED)
    sgd, rule = nofb.SGD(lr=0.05), rules.make(name)
    return nofb.fit(net, rule, digits, EPOCHS, 32, sgd, seed=SEED, progress=False).history


def depth(hidden):
    """Draw accuracy over epochs, and the angle at every hidden layer at the end."""
    with using("light") as theme:
        picture = Picture(9.6, 3.6, theme)
        accuracy, angles = picture.subplots(1, 2)
        for name in ("bp", "fa", "dfa", "ifa", "shallow"):
            history, style = train(name, hidden), look(name, theme)
            draw_rule(accuracy, name, history.from_start("test_accuracy")[None], theme)
            last = history["delta_angle_end_to_end"][-1, :-1]
            numbers = range(1, hidden + 1)
            angles.plot(
                numbers, last, color=style.colour, ls=style.line, marker=style.marker or "o"
            )
        accuracy.set(title=f"test accuracy with {hidden} hidden layers", ylim=(0, 1.02))
        angles.axhline(90, color=theme.faint, ls="--", lw=1)
        angles.set(title="signal to backprop's, at the end", ylim=(-3, 100), xlabel="hidden layer")
        angles.set(xticks=range(1, hidden + 1), yticks=[0, 30, 60, 90])
        angles.yaxis.set_major_formatter("{x:g}°")
        percent(accuracy)
        epoch_axis(accuracy, EPOCHS)
        accuracy.legend(loc="lower right", ncols=2, handlelength=3.2)
    return picture


slider(depth, hidden=[1, 2, 3, 4, 6, 8])

# %% [markdown]
# ## From nothing
#
# A direct line has a curious gift. Set **all forward weights to zero**, without biases: every
# hidden unit is silent, $\hat y$ is the same for all samples. Backprop multiplies the error with
# $W^\top = 0$, and nothing ever moves. But $e D_l \neq 0$, and tanh has the slope 1 at zero. So the
# first layer, the only one that receives anything, moves in step 1; in step 2 it speaks, and the
# second one moves. Coloured squares below are matrices that are no longer zero.


# %%
def awakening(name, steps=8):
    """Return the length of each weight matrix after each step, (layers, steps + 1)."""
    net = build(64, 64, 64, 64, init="zeros", bias=False)
    rule = rules.make(name)
    rule.attach(net, seed=SEED)
    lengths = [[np.linalg.norm(layer.W) for layer in net.layers]]
    for _ in range(steps):
        for layer, update in zip(net.layers, rule.updates(net, x, y), strict=True):
            layer.W -= 0.5 * update.dW
        lengths.append([np.linalg.norm(layer.W) for layer in net.layers])
    return np.transpose(lengths)


with using("light") as theme:
    picture = Picture(9.6, 1.9, theme)
    for axes, name in zip(picture.subplots(1, 4, sharey=True), ROUTES, strict=True):
        awake = awakening(name) > 0
        colours = ListedColormap([theme.band, look(name, theme).colour])
        axes.pcolormesh(awake, cmap=colours, vmin=0, vmax=1, edgecolors=theme.paper, lw=1.5)
        axes.set(title=name, xlabel="after step", aspect="equal")
        axes.set(xticks=np.arange(9) + 0.5, xticklabels=range(9))
        axes.set(yticks=np.arange(4) + 0.5, yticklabels=["W₁", "W₂", "W₃", "W₄"])
        axes.grid(visible=False)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
picture

# %% [markdown]
# Feedback alignment wakes up as well, for its matrices are not zero either. Indirect feedback does
# not: the signal that should teach $W_2$ comes through $W_2$, which is zero.

# %% [markdown]
# ## Questions
#
# 1. Give each layer a processor of its own. After how many multiplications, one after the other,
#    has the first layer its $\delta$ under each of the four rules, in a network with $L$ layers?
# 2. A row of $e\, D_l$ is a mixture of the rows of $D_l$. How many dimensions can the signals of a
#    layer with 1000 units have? One fewer than you think, for softmax: why?
# 3. A paper compares FA with DFA on a network with one hidden layer, and one comes out better. What
#    do you conclude?
# 4. Give the deep network that you watched `rules.FeedbackAlignment()`. In which order do the
#    angles fall now? Say with lesson 02 which matrix must be aligned with which before a signal
#    that has come two layers down is worth anything.
# 5. With 8 hidden layers the first ones get from FA a signal at nearly 90°. The network still beats
#    **shallow**. Which layers does it owe that to?
# 6. IFA has nearly the same angle at all layers. What does $W_l$ do to $\delta_{l-1}$ on the way up
#    that $W_l^\top$ would do to $\delta_l$ on the way down?
# 7. Wake the network with `activation="relu"`. Predict the picture, then draw it. And what if only
#    the *last* matrix starts at something else than zero?
# 8. Which of the four could a chip use whose layers sit on different boards? What has to be wired?
