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
# # 03 Direct and indirect feedback: shorter feedback paths
#
# > **Minutes**: 40 to read and answer, under one to run. **Before this**: 02, feedback alignment.
# > **Seed**: 0 everywhere.
# >
# > **Rules**: [dfa](../nofb/rules/direct_feedback_alignment.py),
# > [ifa](../nofb/rules/indirect_feedback_alignment.py). In a terminal: `nofb explain dfa`.
#
# Feedback alignment keeps the path of backprop: from layer to layer, the last one first. If the
# matrices on this path may be random, is the path itself necessary? Nøkland (2016) gave each layer
# its own connection to the output error.
#
# **Must the error come back layer by layer?**

# %%
from itertools import pairwise

import numpy as np

import nofb
from nofb import Dense, Network, rules
from nofb.diagnosis import angle
from nofb.plots import LivePlot, in_notebook, lessons, slider

SEED = 0

# %% [markdown]
# ## Four paths
#
# The forward path is grey and the same for all. The feedback path is coloured and labelled with its
# matrices. Backprop and feedback alignment go from layer to layer. Direct feedback alignment (DFA)
# sends the error directly to every layer. Indirect feedback alignment (IFA) sends it to the first
# layer, and from there up through the forward weights.

# %%
PATHS = {
    "bp": [(4, 3, "W₄ᵀ"), (3, 2, "W₃ᵀ"), (2, 1, "W₂ᵀ")],
    "fa": [(4, 3, "B₄"), (3, 2, "B₃"), (2, 1, "B₂")],
    "dfa": [(4, 3, "D₃"), (4, 2, "D₂"), (4, 1, "D₁")],
    "ifa": [(4, 1, "D₁"), (1, 2, "W₂"), (2, 3, "W₃")],
}
lessons.feedback_paths(PATHS, ["x", "h₁", "h₂", "h₃", "e"])

# %% [markdown]
# ## In equations
#
# Samples are rows, $e = \hat y - y$ is $(N, n_L)$, and $D_l$ is $(n_L, n_l)$: it always maps the
# output error directly to layer $l$.
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
# The weight update is the same for all rules, $\Delta W_l = h_{l-1}^\top \delta_l / N$. In code,
# with the slopes $f'(a_1), f'(a_2), \ldots$ of the hidden layers in a list:


# %%
def stepwise(e, slopes, B):
    """FA: return δ of the hidden layers, from the input side up; B are B_2, B_3, ..."""
    deltas = []
    for matrix, slope in zip(B[::-1], slopes[::-1], strict=True):
        above = deltas[-1] if deltas else e
        deltas.append((above @ matrix) * slope)
    return deltas[::-1]


def direct(e, slopes, D):
    """DFA: the same; D are D_1, D_2, ... No layer needs the δ of another layer."""
    return [(e @ matrix) * slope for matrix, slope in zip(D, slopes, strict=True)]


def indirect(e, slopes, D1, W):
    """IFA: the same; W are W_2, W_3, ... of the hidden layers."""
    deltas = [(e @ D1) * slopes[0]]
    for matrix, slope in zip(W, slopes[1:], strict=True):
        deltas.append((deltas[-1] @ matrix) * slope)
    return deltas


# %% [markdown]
# We compare this with the library, for a batch of digits and a network with three hidden layers of
# different sizes:


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
    """Return the weight updates of the hidden layers, computed by the library."""
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
# With **one hidden layer** the error passes only one matrix, so all three rules are the same, with
# $D_1$ instead of $B_2$:

# %%
net = build(64, 50)
fa = rules.make("fa")
fa.attach(net, seed=SEED)
B2, expected = net.layers[1].B, fa.updates(net, x, y)[0].dW
for name in ("dfa", "ifa"):
    rule = rules.make(name)
    rule.attach(net, seed=SEED)
    net.layers[0].D[:] = B2
    print(f"{name} minus fa: {abs(rule.updates(net, x, y)[0].dW - expected).max()}")

# %% [markdown]
# With more layers, send the error through $D_1 = B_3 B_2$ instead of first $B_3$ and then $B_2$.
# The only difference is the slope $f'(a_2)$ between the two matrices. For linear units the slope is
# 1, and there is no difference:

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
# ## A deep network
#
# The network has four hidden layers, each with its own connection to the error. All their angles
# fall at about the same rate: no layer has to wait until the layer above it is aligned.

# %%
net = Network([*[Dense(64, 64, activation="tanh") for _ in range(4)], Dense(64, 10)], seed=SEED)
watch = [LivePlot(epochs=40)] if in_notebook() else []
sgd = nofb.SGD(lr=0.05)
rule = rules.DirectFeedbackAlignment()
run = nofb.fit(net, rule, digits, 40, 32, sgd, seed=SEED, callbacks=watch, progress=False)

# %% [markdown]
# ## The effect of depth
#
# Now we change the depth. Feedback alignment multiplies the signal at every layer with one more
# matrix that is only partly aligned, so the signal becomes worse from layer to layer. Direct
# feedback has one matrix at any depth. The right panel shows the angle of each hidden layer to
# backprop at the end of training. The left panel also shows the controls, **bp** (best) and
# **shallow** (worst).

# %%
EPOCHS = 20


def train(name, hidden):
    layers = [Dense(64, 64, activation="tanh") for _ in range(hidden)]
    net = Network([*layers, Dense(64, 10)], seed=SEED)
    sgd, rule = nofb.SGD(lr=0.05), rules.make(name)
    return nofb.fit(net, rule, digits, EPOCHS, 32, sgd, seed=SEED, progress=False).history


def depth(hidden):
    """Draw accuracy over epochs, and the angle at every hidden layer at the end."""
    names = ("bp", "fa", "dfa", "ifa", "shallow")
    histories = {name: train(name, hidden) for name in names}
    return lessons.accuracy_by_layer(histories, f"test accuracy with {hidden} hidden layers")


slider(depth, hidden=[1, 2, 3, 4, 6, 8])

# %% [markdown]
# ## Learning from zero weights
#
# Direct feedback has a special property. Set **all forward weights to zero**, without biases: the
# output of every hidden unit is 0, and $\hat y$ is the same for all samples. Backprop multiplies
# the error with $W^\top = 0$, so no weight ever changes. But $e D_l \neq 0$, and tanh has the slope
# 1 at zero. So the first layer, the only one with a nonzero input, changes in step 1. In step 2 its
# output is no longer zero, and the second layer changes. Coloured squares in the figure are
# matrices that are no longer zero.


# %%
def learning_from_zero(name, steps=8):
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


lessons.learned_after_steps({name: learning_from_zero(name) for name in PATHS})

# %% [markdown]
# Feedback alignment can learn from zero weights as well, since its matrices are not zero. Indirect
# feedback cannot: the signal for $W_2$ passes through $W_2$ itself, which is zero.

# %% [markdown]
# ## Questions
#
# 1. Suppose that each layer has its own processor. After how many sequential multiplications does
#    the first layer have its $\delta$, for each of the four rules, in a network with $L$ layers?
# 2. A row of $e\, D_l$ is a mixture of the rows of $D_l$. How many dimensions can the signals of a
#    layer with 1000 units have? For softmax it is one fewer than you might expect: why?
# 3. A paper compares FA with DFA on a network with one hidden layer, and one of them is better.
#    What do you conclude?
# 4. Train the deep network with `rules.FeedbackAlignment()`. In which order do the angles fall now?
#    Use lesson 02: which matrices must be aligned before a signal is useful two layers down?
# 5. With 8 hidden layers and FA, the signal of the first layers is at nearly 90°. The network is
#    still better than **shallow**. Because of which layers?
# 6. IFA has nearly the same angle at all layers. What does $W_l$ do to $\delta_{l-1}$ on the path
#    up that $W_l^\top$ would do to $\delta_l$ on the path down?
# 7. Start from zero weights with `activation="relu"`. Predict the figure, then draw it. What
#    happens if only the *last* matrix does not start at zero?
# 8. Which of the four rules could a chip use whose layers are on different boards? Which wires are
#    needed?
