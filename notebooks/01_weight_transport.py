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
# # 01 Backprop, and what it needs
#
# > **Minutes**: 30 to read and answer, under one to run. **Before this**: 00, one update by hand.
# > **Seed**: 0 everywhere.
# >
# > **Rules**: [bp](../nofb/rules/backprop.py), [shallow](../nofb/rules/shallow.py). In a
# > terminal: `nofb explain bp`.
#
# Backprop solves the problem of lesson 00: its updates are the gradient, and no direction is
# steeper. But it also needs `W.T`, which is easy to write in a program and hard to have elsewhere.
#
# **What does a layer need for backprop, and what happens if it does not have it?**

# %%
import numpy as np

import nofb
from nofb import Dense, Network, rules
from nofb.diagnosis import angle
from nofb.plots import accuracy_and_angle, lessons, slider

SEED = 0

# %% [markdown]
# ## The equations
#
# The network has one hidden layer of tanh units and a softmax output. Its loss is the
# cross-entropy:
#
# $$
# \begin{aligned}
# h &= \tanh(x W_1), & \hat y &= \operatorname{softmax}(h W_2),
# & L &= -\tfrac1N \textstyle\sum y \log \hat y \\
# \delta_2 &= e = \hat y - y, & \delta_1 &= (e\, W_2^\top) \circ (1 - h^2),
# & \Delta W_l &= h_{l-1}^\top \delta_l / N
# \end{aligned}
# $$


# %%
def forward(W1, W2, x):
    """Return h (N, n_1) and ŷ (N, n_2)."""
    h = np.tanh(x @ W1)
    odds = np.exp(h @ W2)
    return h, odds / odds.sum(axis=1, keepdims=True)


def loss(W1, W2, x, y):
    return -(y * np.log(forward(W1, W2, x)[1])).sum() / len(x)


def first_step(W1, W2, x, y, back):
    """Return ΔW1 (n_0, n_1); the error is sent through `back` (n_2, n_1)."""
    h, output = forward(W1, W2, x)
    delta = ((output - y) @ back) * (1 - h * h)  # (N, n_1)
    return x.T @ delta / len(x)


# %% [markdown]
# ## Is it the gradient?
#
# You can check the chain rule. Increase one weight a little, decrease it a little, and measure the
# change of the loss:
#
# $$
# \frac{\partial L}{\partial W_{ij}} \approx
# \frac{L(W_{ij} + \varepsilon) - L(W_{ij} - \varepsilon)}{2 \varepsilon}
# $$
#
# A check is only useful if something can fail it. So we compare backprop with three common
# mistakes: a missing slope, a sum instead of a mean, and an error that comes back through another
# matrix.


# %%
def measured(W1, W2, x, y, epsilon=1e-5):
    """Return ∂L/∂W1 (n_0, n_1) by finite differences, one weight at a time."""
    slopes = np.empty_like(W1)
    for place in np.ndindex(*W1.shape):
        up, down = W1.copy(), W1.copy()
        up[place] += epsilon
        down[place] -= epsilon
        slopes[place] = (loss(up, W2, x, y) - loss(down, W2, x, y)) / (2 * epsilon)
    return slopes


digits = nofb.datasets.load("digits").centred().flat()
rng = np.random.default_rng(SEED)
x, y = digits.x_train[:32].astype(float), np.eye(10)[digits.y_train[:32]]
W1, W2 = rng.normal(size=(64, 50)) / 8, rng.normal(size=(50, 10)) / 7
B = rng.normal(size=(10, 50)) / 7
truth = measured(W1, W2, x, y)

h, output = forward(W1, W2, x)
attempts = {
    "backprop": first_step(W1, W2, x, y, W2.T),
    "no slope": x.T @ ((output - y) @ W2.T) / len(x),
    "sum, not mean": first_step(W1, W2, x, y, W2.T) * len(x),
    "another matrix": first_step(W1, W2, x, y, B),
}

# %%
print(f"backprop's largest error: {abs(attempts['backprop'] - truth).max():.0e}")
lessons.clouds(
    {f"{name}: {angle(step, truth):.0f}°": (truth, step) for name, step in attempts.items()},
    "measured",
    "formula",
)

# %% [markdown]
# Each dot is one of the 3200 weights of the first layer. The number in the title is the angle
# between the whole update and the gradient. The sum has the right direction, but it is 32 times too
# long: this acts like a larger learning rate. Only the update with *another matrix* has lost the
# direction: its angle is close to 90°. So this matrix must be $W_2^\top$.
#
# ## Where is $W_2^\top$ known?
#
# In a program, everywhere. `W2.T` costs nothing: it is the same memory, read in another order.
# Elsewhere it costs a lot.
#
# * **In a brain** the weight $W_{ij}$ is the strength of one synapse, which conducts in one
#   direction, from $i$ to $j$. A connection from $j$ back to $i$, if there is one, is another
#   synapse of another cell. To send $e\, W_2^\top$ back, it would need the same strength as the
#   first synapse at every moment. No mechanism is known that copies the strength of one synapse to
#   another. This is the **weight transport problem** (Grossberg 1987).
# * **In a chip** that stores weights where it computes, a matrix can be read by rows only. Backprop
#   reads it by columns too, or it needs a second copy that is updated after every change.
# * In both, backprop has to **wait**: $\delta_1$ needs $\delta_2$. So the first layer of a deep
#   network must store $h_0$ and its slope until the error has come back through all other layers.
#
# The library records what each rule uses in its backward pass:

# %%
for name in ("bp", "fa", "shallow"):
    needs = [need for need, needed in vars(rules.RULES[name].uses).items() if needed]
    print(f"{name:8} {', '.join(needs)}")

# %% [markdown]
# ## What if the copy is old?
#
# Suppose that the feedback path can copy the weights, but not at every step. Let `layer.B` be a
# copy of $W^\top$ that is made at the start and then renewed after a fixed number of steps. A rule
# in this library is a class with a few short methods. We only write the methods that differ from
# feedback alignment:


# %%
class OldCopy(rules.FeedbackAlignment):
    """Send the error back through an old copy of Wᵀ."""

    def __init__(self, every):
        super().__init__()
        self.every, self.steps = every, 0

    def draw_feedback(self, net, rng):
        for layer in net.weighted[1:]:
            layer.B = layer.W.T.copy()

    def after_step(self, net):
        self.steps += 1
        if self.steps % self.every == 0:
            self.draw_feedback(net, None)


def train(rule):
    """Return one run on digits, 64-64-64-64-10."""
    hidden = [Dense(64, 64, activation="tanh") for _ in range(3)]
    net = Network([*hidden, Dense(64, 10)], seed=SEED)
    return nofb.fit(net, rule, digits, 20, 32, nofb.SGD(lr=0.05), seed=SEED, progress=False)


# %% [markdown]
# An epoch has 45 steps, a run has 900. There are two controls: **bp**, whose copy is always up to
# date, and **shallow**, which has no feedback, so only the last layer learns. The test set has 359
# images, so one image is 0.3 % of accuracy.

# %%
controls = {"bp": [train(rules.Backprop())], "shallow": [train(rules.Shallow())]}


def old_copies(steps):
    """Draw a run whose copy of Wᵀ is renewed after some steps."""
    copied = OldCopy(10**9 if steps == "never" else steps)
    return accuracy_and_angle(controls | {"old copy": [train(copied)]})


old_copies("never")

# %% [markdown]
# This copy is made **once**, before learning, and never renewed. The result is surprising: the
# angle to the signal of backprop rises to about 40° and stays there, and the network learns nearly
# as well as with backprop. Now renew the copy more often:

# %%
slider(old_copies, steps=[1, 5, 45, 225, 450, "never"])

# %% [markdown]
# So the feedback matrix need not be *exact*. It need not even follow the changes of the forward
# weights. How little information about $W$ is enough?

# %% [markdown]
# ## Questions
#
# 1. In the finite differences, set $\varepsilon$ to 1, then to $10^{-12}$. Why does the check
#    become worse in both cases?
# 2. The update *without the slope* has an angle below 90°. Would a network learn with it? What
#    would change with ReLU units? And with saturated units (multiply $W_1$ by 10)?
# 3. The random matrix has an angle of nearly 90°. Draw ten others. How far are their angles from
#    90°? (`nofb.diagnosis.chance_band` computes the expected range. How many units receive the
#    signal, and how many dimensions do the errors of ten classes have?)
# 4. After how many steps is a copy no better than one that was made at the start? Look at the angle
#    just before the copy is renewed: it is not in the plot. Where would you measure it?
# 5. Which information about $W$ does *never* have that a random matrix does not have? Which
#    experiment shows whether this matters? (Lesson 02 does it.)
# 6. Which of the three requirements of backprop does the old copy remove, and which remain?
