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
# # 00 One update by hand
#
# > **Minutes**: 30 to read and answer, seconds to run. **Before this**: products of matrices, the
# > chain rule, a little NumPy. **Seed**: none for the network, since its numbers are given; 0 for
# > the random directions at the end.
# >
# > **Rule**: [bp](../nofb/rules/backprop.py). In a terminal: `nofb explain bp`.
#
# Every learning rule answers the same question in its own way. We begin with backprop:
#
# **In which direction should each weight move, so that the error becomes smaller?**
#
# This network is small enough to compute by hand. Work out each line with pencil and paper before
# you run the cell.

# %%
import numpy as np

from nofb import Dense, Network, rules
from nofb.plots import lessons, slider

# %% [markdown]
# ## Forward pass
#
# Samples are **rows**: a batch of $N = 2$ samples with two features each is a matrix of shape (2,
# 2). Layer $l$ multiplies its input with $W_l$, adds $b_l$, and applies $f$:
#
# $$
# \begin{aligned}
# a_1 &= x W_1 + b_1, & h_1 &= f(a_1) = \max(a_1, 0) && \text{(ReLU: three hidden units)} \\
# a_2 &= h_1 W_2 + b_2, & \hat y &= a_2 && \text{(two linear output units)}
# \end{aligned}
# $$

# %%
x = np.array([[1.0, 1], [0, 2]])  # (N, n_0)
y = np.array([[1.0, 0], [0, 1]])  # (N, n_2)

W1, b1 = np.array([[1.0, -1, 2], [1, 1, -1]]), np.array([0.0, 1, 0])  # (n_0, n_1), (n_1,)
W2, b2 = np.array([[1.0, -1], [0, 1], [-1, 2]]), np.array([0.0, 0])  # (n_1, n_2), (n_2,)

# %%
a1 = x @ W1 + b1  # (N, n_1)
a1

# %%
h1 = np.maximum(a1, 0)  # (N, n_1)
h1

# %%
output = h1 @ W2 + b2  # (N, n_2): ŷ
output

# %% [markdown]
# ## The error
#
# The loss of one sample is $\tfrac12 \lVert \hat y - y \rVert^2$. The loss of a batch is the mean
# over its samples. The gradient of the loss of one sample with respect to $a_2$ is the **error**
#
# $$
# e = \hat y - y
# $$

# %%
e = output - y  # (N, n_2)
e

# %%
loss = float((e * e).sum() / 2 / len(x))
loss

# %% [markdown]
# ## Backward pass
#
# How much does each *unit* contribute to the error? At the output this is $\delta_2 = e$. A hidden
# unit has no target of its own. But its output passes through its row of $W_2$, so the error is
# sent back through the same weights: unit $i$ receives $\sum_j e_j W_{2,ij}$. For all units at once
# this is $e\, W_2^\top$. A unit with slope $f' = 0$ (the derivative of $f$) had no influence on the
# error, so its signal is 0:
#
# $$
# \delta_1 = (\delta_2 W_2^\top) \circ f'(a_1)
# $$

# %%
arrives = e @ W2.T  # (N, n_1)
arrives

# %%
slope = (a1 > 0).astype(float)  # (N, n_1): ReLU's f'
delta1 = arrives * slope  # (N, n_1)
delta1

# %% [markdown]
# For the second sample, the output of the third unit is 0, and so is its slope. It receives a
# signal of $-2$, which is multiplied by 0 (NumPy keeps the sign: `-0.`).
#
# The figure shows the same numbers, with positive weights in blue and negative ones in orange. The
# lines between hidden and output units have the same numbers in both halves. This is the transpose,
# and it is the problem of lesson 01.


# %%
def both_ways(sample):
    """Draw the forward and the backward pass of one sample, 1 or 2."""
    row = sample - 1
    up = {"x": x[row], "h₁": h1[row], "ŷ": output[row]}
    back = {"δ₁": delta1[row], "δ₂ = e": e[row]}
    return lessons.two_passes(up, back, [W1, W2])


slider(both_ways, sample=[1, 2])

# %% [markdown]
# ## One step
#
# The update of the weight between two units is a product of two numbers: the activation at its
# lower end, and the signal $\delta$ at its upper end. One matrix product computes this for all
# pairs and adds up the samples. Divided by $N$, it is the **mean** over the samples:
#
# $$
# \Delta W_l = h_{l-1}^\top \delta_l / N, \qquad \Delta b_l = \overline{\delta_l}, \qquad
# W_l \leftarrow W_l - \eta\, \Delta W_l
# $$

# %%
dW1, db1 = x.T @ delta1 / len(x), delta1.mean(axis=0)  # (n_0, n_1), (n_1,)
dW1

# %%
dW2, db2 = h1.T @ e / len(x), e.mean(axis=0)  # (n_1, n_2), (n_2,)
dW2

# %% [markdown]
# ## The same with the library
#
# A `Network` owns these arrays, and a rule reads them. `updates` returns what each layer should
# subtract. It does not change any array.

# %%
net = Network([Dense(2, 3, activation="relu"), Dense(3, 2)], "squared_error", dtype=np.float64)
for layer, W, b in zip(net.layers, (W1, W2), (b1, b2), strict=True):
    layer.W[:], layer.b[:] = W, b

rule = rules.make("bp")
rule.attach(net)
first, second = rule.updates(net, x, y)
for own, hand in ((first.dW, dW1), (first.db, db1), (second.dW, dW2), (second.db, db2)):
    assert (own == hand).all()
print(f"loss: {loss} by hand, {net.loss(x, y)} by the library")

# %% [markdown]
# Both losses are exactly equal. All these numbers are small multiples of ½, which floating point
# represents exactly.
#
# ## Is it the right direction?
#
# To first order, a step of length $\eta$ along the gradient lowers the loss by
# $\eta \lVert g \rVert^2$, where $g$ is all of $\Delta W_1, \Delta b_1, \Delta W_2, \Delta b_2$ in
# one long vector. No other direction of the same length lowers it more. The figure shows fifty
# random directions (grey), and the gradient (blue) with its tangent. On the right is the network
# after the step, for the first sample, whose target is (1, 0).


# %%
def pack(*arrays):
    return np.concatenate([array.ravel() for array in arrays])


def unpack(vector):
    """Return W1, b1, W2 and b2 out of one vector of 17 numbers."""
    W1, b1, W2, b2 = np.split(vector, [6, 9, 15])
    return W1.reshape(2, 3), b1, W2.reshape(3, 2), b2


def forward(vector):
    """Return h and ŷ of the network with these weights."""
    W1, b1, W2, b2 = unpack(vector)
    h = np.maximum(x @ W1 + b1, 0)
    return h, h @ W2 + b2


def losses(direction, rates):
    """Return the loss after a step along the direction, for each rate."""
    steps = [weights - rate * direction for rate in rates]
    return [((forward(step)[1] - y) ** 2).sum() / 2 / len(x) for step in steps]


weights, g = pack(W1, b1, W2, b2), pack(dW1, db1, dW2, db2)
others = np.random.default_rng(0).normal(size=(50, g.size))
others *= np.linalg.norm(g) / np.linalg.norm(others, axis=1, keepdims=True)
rates = np.linspace(0, 0.25, 60)
grey_lines = [losses(other, rates) for other in others]


# %%
def one_step(lr):
    """Draw the loss along the gradient and along other directions, and the network after a step."""
    along, tangent = losses(g, rates), loss - rates * (g @ g)
    W1, _, W2, _ = unpack(weights - lr * g)
    h, now = forward(weights - lr * g)
    after = {"x": x[0], "h₁": h[0], "ŷ": now[0]}
    step = lr, losses(g, [lr])[0]
    return lessons.one_step(rates, along, grey_lines, tangent, step, after, [W1, W2])


slider(one_step, lr=[0, 0.02, 0.05, 0.08, 0.1, 0.15, 0.2, 0.25])

# %% [markdown]
# ## Questions
#
# 1. With pencil and paper: add 0.1 to $W_{2,11}$ (the first entry of $W_2$), repeat the forward
#    pass, and compute the loss. Does its change fit the first entry of $\Delta W_2$? Why not
#    exactly?
# 2. The last entry in the first column of $\Delta W_2$ is zero. Which two facts about the third
#    hidden unit and the first output cause this?
# 3. Put each sample into the batch twice. Which of the arrays above change? Does the update change?
# 4. What would $\delta_1$ be without the slope? Which entries of $\Delta W_1$ change? Does the new
#    direction still lower the loss? (Try it: `losses` takes any direction.)
# 5. Set all weights to zero, but not the biases. What is $\delta_1$? Which weights will ever
#    change?
# 6. Where the blue curve is far from its tangent, the step is too long. At which $\eta$ is the loss
#    smallest? At which $\eta$ is it as large as before the step? Why does the curve bend upward?
# 7. Which matrix on this page would a feedback synapse (from an output unit *back* to a hidden
#    unit) have to know? Which other synapses already store it?
