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
# # 07 Target propagation: a target for every layer
#
# > **Minutes**: 45 to read and answer, under one to run. **Before this**: 02, feedback alignment;
# > a linear regression. **Seed**: 0 everywhere.
# >
# > **Rules**: [tp](../nofb/rules/target_propagation.py),
# > [dtp](../nofb/rules/difference_target_propagation.py). In a terminal: `nofb explain tp`.
#
# All rules so far send an *error* down: how far, and in which direction, is the output wrong?
# Bengio (2014) sends an **activity** down instead: which output should the layer have? A layer of
# neurons can compute an activity from the activity of another layer. So the feedback path can learn
# to compute targets. In its plain form this fails. Lee, Zhang, Fischer and Bengio (2015) corrected
# it with a difference.
#
# **How can targets pass down through a network with inexact inverses?**

# %%
from itertools import pairwise

import numpy as np

import nofb
from nofb import Dense, Network, rules
from nofb.diagnosis import angles
from nofb.optimizers import Adam
from nofb.plots import accuracy_and_angle, in_notebook, lessons, slider

if in_notebook():
    from IPython.display import display

SEED = 0

# %% [markdown]
# ## The rule
#
# Samples are rows, and the forward pass is $h_l = f_l(h_{l-1})$. Each layer gets an inverse $g_l$,
# which maps the output of the layer back to an estimate of its input:
#
# $$
# \begin{aligned}
# g_l(z) &= s(z B_l + c_l) && && (N, n_{l-1}) \\
# t_L &= a_L - \hat\eta\, e, && e = \hat y - y && \text{a small step down the loss} \\
# t_{l-1} &= g_l(t_l) && && \text{from layer to layer} \\
# \delta_l &= (h_l - t_l) \circ f'(a_l) / \hat\eta && && \text{train the layer to output } t_l
# \end{aligned}
# $$
#
# $\hat\eta$ sets how far the first target is from the output. At the end we divide by it, so that
# it does not change the learning rate. The weight update is $\Delta W_l = h_{l-1}^\top \delta_l /
# N$ as before.
#
# ## Training an inverse
#
# $g_l$ learns without labels: add noise $\xi$ to the input of the layer, compute its output, and
# train $g_l$ to reconstruct the noisy input. This is one step of a regression:


# %%
def reconstruction_step(W, b, inverse, h, sigma, rng, f=np.tanh):
    """Return the loss of an inverse of h -> f(h W + b), and the gradients of its B and c."""
    B, c, s, slope = inverse
    noisy = h + sigma * rng.standard_normal(h.shape)  # (N, n_below)
    z = f(noisy @ W + b)  # (N, n_above)
    u = s(z @ B + c)  # (N, n_below), the reconstruction
    delta = (u - noisy) * slope(u)
    return 0.5 * ((u - noisy) ** 2).sum(axis=1).mean(), z.T @ delta / len(h), delta.mean(axis=0)


# %% [markdown]
# We can look at the input of the first layer: 40 random tanh units receive pictures of digits with
# 64 pixels. The top row shows these pictures. The bottom row shows the reconstruction from the 40
# outputs, after more and more steps with 64 pictures each.

# %%
digits = nofb.datasets.load("digits").centred().flat()
LINEAR, TANH = (lambda a: a, lambda y: 1.0), (np.tanh, lambda y: 1 - y * y)  # s, and s' from s


def start(rng, n_above, n_below, s):
    """Return an untrained inverse (B, c, s, s')."""
    return 0.05 * rng.standard_normal((n_above, n_below)), np.zeros(n_below), *s


rng = np.random.default_rng(SEED)
W, b = rng.standard_normal((64, 40)) / 8, np.zeros(40)
inverse = start(rng, 40, 64, LINEAR)
B, c, *_ = inverse
adam, losses, shown = Adam(lr=0.01), [], digits.x_test[:9]
for k in range(1, 1501):
    batch = digits.x_train[rng.integers(len(digits.x_train), size=64)]
    loss, dB, dc = reconstruction_step(W, b, inverse, batch, 0.1, rng)
    adam.step("B", B, dB)  # in place
    adam.step("c", c, dc)
    losses.append(loss)
    if k in (1, 2, 4, 8, 15, 30, 60, 120, 250, 500, 1000, 1500):
        guesses = np.tanh(shown @ W + b) @ B + c
        live = lessons.reconstructions(shown, guesses, losses, steps=1500)
        if in_notebook():
            display(live, display_id="inverse", update=k > 1)

# %% [markdown]
# The reconstruction is never exact: 40 numbers cannot represent 64, and a linear map is not the
# inverse of a tanh layer. The remaining error is the subject of this lesson.
#
# ## What goes wrong
#
# Suppose that the target equals the state, $t_l = h_l$. Then the layer below should not change
# either. But $g_l(h_l)$ is not $h_{l-1}$: it differs by the reconstruction error, and this becomes
# part of the target. The next layer adds its own error. At the end we divide everything by
# $\hat\eta$, which should be small.
#
# The figure shows a layer with two units below and two above. Each cross is a state $h$ below. All
# states have the same small change of the output as target. The arrows show the resulting change of
# the layer below, divided by $\hat\eta$: exact (left), by a target from the best linear inverse
# (middle), and by the difference of the next section (right). Move $\hat\eta$, `step`, towards
# zero.


# %%
def small_layer():
    """Return a layer of two tanh units, and the best linear inverse of it: f, f⁻¹, g."""
    W = np.array([[1.0, 0.5], [-0.3, 1.1]])
    rng = np.random.default_rng(SEED)
    h = rng.standard_normal((2000, 2))
    z = np.column_stack([np.tanh(h @ W), np.ones(len(h))])
    Bc = np.linalg.lstsq(z, h, rcond=None)[0]  # the result of many steps
    return (
        lambda h: np.tanh(h @ W),
        lambda t: np.arctanh(t) @ np.linalg.inv(W),
        lambda t: t @ Bc[:2] + Bc[2],
    )


def three_ways(step):
    """Draw the change of the layer below for η̂ = step: exact, by TP, and by DTP."""
    f, exact, g = small_layer()
    h = np.stack(np.meshgrid(*[np.linspace(-1, 1, 7)] * 2), axis=-1).reshape(-1, 2)
    t = f(h) + step * np.array([0.14, 0.07])  # (N, 2)
    ways = {
        "exact: f⁻¹(t) - h": (exact(t) - h) / step,
        "tp: g(t) - h": (g(t) - h) / step,
        "dtp: g(t) - g(f(h))": (g(t) - g(f(h))) / step,
    }
    return lessons.changes(h, ways)


slider(three_ways, step=[0.01, 0.03, 0.1, 0.3, 0.9])

# %% [markdown]
# ## The difference
#
# The reconstruction error can be measured, by sending the layer's own activity $h_l$ through the
# inverse. Subtract it.
#
# $$
# t_{l-1} = h_{l-1} + g_l(t_l) - g_l(h_l)
# $$
#
# Now $t_l = h_l$ gives $t_{l-1} = h_{l-1}$ for *any* $g_l$. And for a target close to the state,
#
# $$
# t_{l-1} - h_{l-1} \approx (t_l - h_l)\, J_{g_l},
# $$
#
# so only the *Jacobian* $J_{g_l}$ of $g_l$ matters, not its value. Compare with lesson 02: backprop
# computes $\delta W^\top$, feedback alignment $\delta B$, and here a change is multiplied with the
# Jacobian of a learned inverse. This is the whole rule, with a switch for the difference:


# %%
def targets(hs, t, inverses, difference):
    """Return targets t_1 ... t_L for states h_1 ... h_L, given the last target."""
    found = [t]
    for h_below, h, (B, c, s, _) in zip(hs[-2::-1], hs[:0:-1], inverses[::-1], strict=True):
        guess = s(found[-1] @ B + c)  # g(t)  (N, n_below)
        if difference:
            guess = h_below + (guess - s(h @ B + c))  # h + g(t) - g(h)
        found.append(guess)
    return found[::-1]


# %% [markdown]
# We compare it with the library, on a batch of digits:


# %%
def build(*units, **options):
    """Return a network with tanh layers."""
    hidden = [Dense(n, m, activation="tanh") for n, m in pairwise(units)]
    return Network([*hidden, Dense(units[-1], 10)], seed=SEED, **options)


x, y = digits.x_test[:100], np.eye(10)[digits.y_test[:100]]
for name in ("tp", "dtp"):
    net = build(64, 50, 40, dtype=np.float64)
    rule = rules.make(name, **({"gradient_at_top": False} if name == "dtp" else {}))
    rule.attach(net, seed=SEED)
    trace = net.forward(x).set_target(y)
    theirs = [t for _, t in rule.targets(net, trace)][::-1]
    hs = [rule.state(trace, layer) for layer in net.layers]  # h_1, h_2, a_3
    inverses = [(layer.inverse.B, layer.inverse.c, *TANH) for layer in net.layers[1:]]
    ours = targets(hs, hs[-1] - rule.step_size * trace.error, inverses, name == "dtp")
    most = max(abs(a - b).max() for a, b in zip(ours, theirs, strict=True))
    print(f"{name:4} largest difference {most:.0e}")

# %% [markdown]
# ## With exact inverses
#
# With exact inverses, $g_l(h_l) = h_{l-1}$, and both rules are the same. Square linear layers have
# an exact inverse, $g_l(z) = z\, W_l^{-1}$. If $W_l$ is also a rotation, $W_l^{-1}$ is $W_l^\top$,
# and the change of a target is a gradient.

# %%
rng = np.random.default_rng(SEED)
rotation = np.linalg.qr(rng.standard_normal((30, 30)))[0]
h0, e = rng.standard_normal((8, 30)), rng.standard_normal((8, 30))
for name, W in {"random": rng.standard_normal((30, 30)), "rotation": rotation}.items():
    hs = [h0, h0 @ W, h0 @ W @ W]
    exact = [(np.linalg.inv(W), 0, *LINEAR)] * 2
    tp, dtp = (targets(hs, hs[-1] - 0.1 * e, exact, way)[0] for way in (False, True))
    gradient = e @ W.T @ W.T
    print(
        f"{name:9} tp and dtp differ by {abs(tp - dtp).max():.0e}, "
        f"and are {angles(h0 - dtp, gradient).mean():.1f}° from the gradient"
    )

# %% [markdown]
# The 89.8° is not a bug. A target that is exactly inverted in every layer is in general not a
# gradient; lesson 08 explains what it is.
#
# ## In a network
#
# A network with three hidden layers of 50 tanh units was trained on digits by backprop. Now its
# weights are fixed, so that we can study the targets alone. The inverses are trained for some
# steps, with noise of standard deviation $\sigma$. Then a target is sent down, close to the output
# ($\hat\eta$ small) or far from it. The left panel shows the length of each hidden layer's
# $\delta_l$, divided by the length of backprop's. The right panel shows the angle between the two.

# %%
net = build(64, 50, 50, 50, dtype=np.float64)
adam = nofb.Adam(lr=0.002)
nofb.fit(net, rules.Backprop(), digits, 10, 32, adam, seed=SEED, progress=False, probe=0)
STEPS = np.logspace(-4, 1, 16)  # η̂


def states(x):
    """Return h_1, h_2, h_3 and a_4."""
    trace = net.forward(x)
    return [*[trace[layer].h.copy() for layer in net.layers[:-1]], trace[net.layers[-1]].a.copy()]


def trained_inverses(steps, sigma):
    """Return the inverses of the upper three layers after some training steps."""
    rng, adam = np.random.default_rng(SEED), Adam(lr=0.003)
    layers = net.layers[1:]
    inverses = [start(rng, layer.n_out, layer.n_in, TANH) for layer in layers]
    hs = states(digits.x_train)
    for _ in range(steps):
        rows = rng.integers(len(hs[0]), size=64)
        for number, (layer, inverse) in enumerate(zip(layers, inverses, strict=True)):
            f = np.tanh if layer is not layers[-1] else LINEAR[0]
            _, dB, dc = reconstruction_step(
                layer.W, layer.b, inverse, hs[number][rows], sigma, rng, f
            )
            adam.step(f"B{number}", inverse[0], dB)
            adam.step(f"c{number}", inverse[1], dc)
    return inverses


def near_and_far(steps, sigma):
    """Draw length and angle of the signals of both rules over η̂."""
    inverses, x = trained_inverses(steps, sigma), digits.x_test[:100]
    trace = net.forward(x).set_target(y)
    hs = states(x)
    gradients = [delta.copy() for _, delta in rules.Backprop().signals(net, trace)][:0:-1]
    drawn = {"tp": [], "dtp": []}
    for name, difference in (("tp", False), ("dtp", True)):
        found = [targets(hs, hs[-1] - step * trace.error, inverses, difference) for step in STEPS]
        for number, gradient in enumerate(gradients):
            h, slope = hs[number], 1 - hs[number] ** 2
            deltas = [(h - t[number]) * slope / step for t, step in zip(found, STEPS, strict=True)]
            ratio = [np.linalg.norm(delta) / np.linalg.norm(gradient) for delta in deltas]
            turned = [angles(delta, gradient).mean() for delta in deltas]
            drawn[name].append((ratio, turned))
    return lessons.near_and_far(STEPS, drawn)


slider(near_and_far, steps=[0, 30, 100, 300, 1000, 3000], sigma=[0.01, 0.03, 0.1, 0.3, 1])

# %% [markdown]
# Without the difference, $\delta$ grows as $1 / \hat\eta$: the reconstruction error is the same for
# every $\hat\eta$, and is divided by it. Its angle hardly depends on $\hat\eta$, because $\delta$
# hardly depends on the *error*. It is correlated with the gradient only by chance (question 2).
# With the difference, $\hat\eta$ can be arbitrarily small.
#
# Move `steps`. With 0 steps, $B_l$ is random, and the rule with the difference is nearly feedback
# alignment. A few hundred steps bring its angle far below 90°. Ten times as many steps hardly
# reduce the reconstruction error, since no $\tanh(z B + c)$ is the inverse of a tanh layer. And
# they turn the signal *away* from the gradient again; lesson 08 returns to this. `sigma` has little
# effect, as long as the noise is smaller than the differences between digits.
#
# ## Does it learn?
#
# Now weights and inverses learn together: with each batch the inverses take one step, then the
# weights. Both rules have the same inverses, the same optimizer and the same $\hat\eta$. The
# controls are **bp**, and **shallow**, which does not train its hidden layers. The right panel
# shows the lowest hidden layer, which a target reaches last.


# %%
def train(rule):
    """Return one run on digits, 64-50-50-50-10."""
    net, adam = build(64, 50, 50, 50), nofb.Adam(lr=0.001)
    return nofb.fit(net, rule, digits, 15, 32, adam, seed=SEED, progress=False)


controls = {kind.name: [train(kind())] for kind in (rules.Backprop, rules.Shallow)}
BESIDE = {  # an inverse for the output layer too, trained together with the weights
    "gradient_at_top": False,
    "inverse_steps": 1,
    "epochs_before": 0,
    "epochs_between": 0,
    "inverse_optimizer": "adam",
}


def learns(step, sigma):
    """Draw accuracy and angle of both rules and the controls."""
    settings = {"step_size": step, "noise": sigma, "inverse_lr": 0.003}
    tp = rules.TargetPropagation(**settings)
    dtp = rules.DifferenceTargetPropagation(**settings, **BESIDE)
    return accuracy_and_angle(controls | {"tp": [train(tp)], "dtp": [train(dtp)]})


slider(learns, step=[0.001, 0.01, 0.1, 1, 10], sigma=[0.01, 0.1, 1])

# %% [markdown]
# Plain target propagation is worse than the control that does not train its hidden layers. With the
# subtraction the rule learns, nearly as well as backprop and without any $W^\top$. Now increase
# `step`: at $\hat\eta = 10$ the reconstruction error is small compared with the error term, and
# **tp** learns too. TP works only with such distant targets, where the error term dominates the
# reconstruction error. DTP works for any $\hat\eta$.
#
# The signals of both rules are far from that of backprop. Should they be close to it? Targets
# through good inverses are not gradients, and have another aim; lesson 08 explains which, and
# whether it helps.

# %% [markdown]
# ## Questions
#
# 1. In `targets`, set $t_L = h_L$. What is the exact result with the difference? And without? Why
#    does the order of the two subtractions matter on a computer?
# 2. The reconstruction error $g_l(h_l) - h_{l-1}$ does not depend on the label. Change all labels
#    in `near_and_far` (`np.roll(y, 1)`): which curves change, and what is the angle of **tp** now?
# 3. Exact inverses of random square layers gave 89.8°, nearly a right angle. Show that $\langle e\,
#    W^{-1}, e\, W^\top \rangle = \lVert e \rVert^2$. Can an exact inverse of a linear network ever
#    increase the loss, to first order?
# 4. What is $J_{g_l}$ for $g_l(z) = s(z B_l + c_l)$? Write $t_{l-1} - h_{l-1}$ of **dtp** for small
#    $\hat\eta$, and beside it the signal of feedback alignment. What is the role of $c_l$? Which
#    slope occurs in which of the two?
# 5. Lee et al. do not start from $t_L$. Their first target is $t_{L-1} = h_{L-1} - \hat\eta\, e\,
#    W_L^\top$ (`gradient_at_top=True`, the default). Is that weight transport? With one hidden
#    layer, which rule of lesson 01 is it? Train it with the settings above. How much does the true
#    gradient at the top help? What would you have to state in a paper that calls this rule
#    "biologically plausible"?
# 6. Why must the noise be added to the input of $f$, and not to $h_l$? (What does an inverse need
#    to learn the right Jacobian, and not only the right value?)
# 7. $h_{L-1}$ has 50 units and the output has ten. How much of $h_{L-1}$ can $g_L$ reconstruct? For
#    which target is this the largest problem, and what could you add to the output to solve it?
# 8. A target is an activity, an error is not. Which of the two could a neuron send that can only
#    fire or not fire? What must it compute for the difference $h + g(t) - g(h)$ that it need not
#    compute for $g(t)$?
