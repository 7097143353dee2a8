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
# # 11 Top-down attention: feedback that steers instead of teaching
#
# > **Minutes**: 45 to read and answer, about one to run. **Before this**: 02, feedback alignment,
# > and 05, weight mirrors; what self-attention is. **Seed**: 0 everywhere.
# >
# > **Methods**: [toast](../nofb/transfer/toast.py), [lora](../nofb/transfer/lora.py),
# > [linear](../nofb/transfer/linear.py). In a terminal: `nofb explain toast`.
#
# In all lessons so far, feedback told the weights how to change. In the brain it does something
# else as well: it tells the eye where to look. TOAST (Shi et al. 2023) brings this to transformers.
# The network is frozen. Feedback from its output goes back down and steers its attention, and then
# the same image is read a second time.
#
# **Can a network be made to see what it was trained to ignore, without a change to its weights?**

# %%
import numpy as np

import nofb
from nofb import datasets, transfer
from nofb.plots import attention_maps, lessons, slider
from nofb.schedules import warmup
from nofb.transfer import pretrained
from nofb.transfer.tasks import GARMENTS

SEED, EPOCHS, GRID = 0, 6, (2, 4)  # rows and columns of patches
net = pretrained.backbone("vision")
data = datasets.load("composites_small").as_images()
objects = datasets.composites.load("composites_small")[1]  # what is in the test images
on_garment = objects.right[:, None] == (np.arange(8) % 4 >= 2)  # (images, patches)
shown = [2, 3, 9, 11]

# %% [markdown]
# ## A network that prefers digits
#
# This small vision transformer comes with nofb: four blocks, 64 units a token, 213,000 parameters.
# Each image is cut into eight patches; with the class token, from which the answer is read, there
# are nine tokens. It was trained on a digit beside a garment, and had to name the **digit**; only
# where a garment stood alone, it had to name the garment. So it knows both, and prefers one.
#
# Now we ask for the **garment**. A linear probe learns a new head on the frozen network: first on
# the class token, then on all the other tokens.

# %%
path = pretrained.pretuned(net)  # a feedback path that was trained on the same images as `net`


def train(name, lr, rule="bp", start=None, **options):
    """Return a model on the frozen network, after it learned the garments."""
    model = transfer.make(name, net, 10, SEED, start, **options)
    adam = nofb.AdamW(lr=lr, decay=0, schedule=warmup(), max_gradient=1.0)
    nofb.fit(model, rule, data, EPOCHS, 32, adam, SEED, probe=0, progress=False)
    return model


def accuracy(outputs):
    return (outputs.argmax(axis=1) == data.y_test).mean()


print(f"names the digit: {(net.predict(data.x_test) == objects.digits).mean():.0%}")
probes = {
    "the class token": train("linear", 0.03),
    "all tokens": train("linear", 0.01, all_tokens=True),
}
for name, model in probes.items():
    print(f"garments from {name}: {accuracy(model.outputs(data.x_test)):.0%}")

# %% [markdown]
# The garment is in the tokens, but not in the class token. Attention did not bring it there.
#
# ## Two passes
#
# **Pass 1** is the frozen network by itself. It ends with tokens $z_i$. A task vector $\xi$ selects
# those that point its way, and what was selected goes down the feedback path:
#
# $$
# \begin{aligned}
# m_i &= \operatorname{clamp}(\cos(z_i, \xi),\, 0,\, 1) & & \text{mask, one number a token} \\
# s_{L+1} &= m\, z\, P & & \text{selected features} \\
# s_l &= s_{l+1} A_l^\top, \qquad td_l = s_l\, C_l^\top & & \text{from block $L$ down to block 1}
# \end{aligned}
# $$
#
# **Pass 2** reads the same image with the same weights. The top-down signal is added to the
# *values* of attention, and to nothing else:
#
# $$
# Q = x\, W_Q, \qquad K = x\, W_K, \qquad V = (x + td_l)\, W_V
# $$
#
# Here $x$ are the normalised tokens of block $l$. What learns is $\xi$, every $A_l$ and $C_l$, and
# a new head. By hand, and against the library:


# %%
def mask(z, xi):
    cosine = z @ xi / (np.linalg.norm(z, axis=-1) * np.linalg.norm(xi))
    return np.clip(cosine, 0, 1)  # (images, tokens)


def feedback(z, xi, A, C):
    """Return the top-down signal of each block; P is the identity."""
    s, td = mask(z, xi)[..., None] * z, []
    for A_l, C_l in zip(reversed(A), reversed(C), strict=True):
        s = s @ A_l.T
        td.insert(0, s @ C_l.T)
    return td


model = transfer.make("toast", net, 10, SEED, path)
x = data.x_test[shown]
z = model.backbone.send(net.as_input(x), model.backbone.selected)  # the last tokens of pass 1
steered = model.steered
A, C = [a.W.T for a in steered.A], [c.W.T for c in steered.C]
steering = model.steer(x)
by_hand = {
    "mask m": (mask(z, steered.selection.xi), steering.mask),
    "td of block 1": (feedback(z, steered.selection.xi, A, C)[0], steering.td[0]),
    "attention of block 1, in both passes": (steering.before[0], steering.after[0]),
}
for name, (ours, theirs) in by_hand.items():
    print(f"{name:38} largest difference {abs(ours - theirs).max():.0e}")

# %% [markdown]
# The last line says why the first block's attention cannot be steered: its queries and keys are
# made of the same tokens as in pass 1. Its *output* differs, since its values do. So from the
# second block on, queries and keys differ, and attention moves.
#
# ## Steered
#
# 2,000 images, six epochs. Pass 1 has nothing that learns, so it is computed once for each image.

# %%
toast = train("toast", 0.01, start=path)
print(str(toast).splitlines()[-1])
steering = toast.steer(data.x_test)
print(f"garments, steered: {accuracy(steering.output):.0%}")

# %% [markdown]
# Move the slider. At strength 0 pass 2 *is* pass 1: the darker the orange of a patch, the more the
# class token takes from it, and it takes it from the digit. Blue is the mask, which is made in
# pass 1 and does not depend on the strength.


# %%
def maps(strength):
    it = toast.steer(x, strength)
    named = it.output.argmax(axis=1)
    names = [GARMENTS[a] + (" ✓" if a == b else f": named {GARMENTS[b]}")
             for a, b in zip(data.y_test[shown], named, strict=True)]  # fmt: skip
    before, after = it.before[:, :, 0], it.after[:, :, 0]  # of the class token
    return attention_maps(x, before, after, GRID, it.mask, names, on_garment[shown], "garment", 0.6)


slider(maps, strength=[0, 0.25, 0.5, 1, 1.5, 2, 4])

# %% [markdown]
# How strong is best? All test images, and the attention of the class token on the garment's side:

# %%
strengths = [0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4]
found = [toast.steer(data.x_test, strength) for strength in strengths]
share = [[np.where(on_garment, block[:, 0, 1:], 0).sum(axis=1).mean() for block in it.after]
         for it in found]  # fmt: skip
lessons.strengths(strengths, [accuracy(it.output) for it in found], share)

# %% [markdown]
# ## Is it worth its second pass?
#
# LoRA changes the matrices of queries, keys and values instead, by products of two thin ones. It
# costs one pass.

# %%
lora = train("lora", 0.03)
print(f"LoRA: {accuracy(lora.outputs(data.x_test)):.0%}, {lora.trained_parameters:,} learn")
print(f"TOAST: {accuracy(steering.output):.0%}, {toast.trained_parameters:,} learn")

# %% [markdown]
# The paper reports that TOAST is better than LoRA, on birds and cars with a network of 86 million
# parameters. Here it is not, and a linear probe on all tokens does as well or better. The command
# `nofb transfer` compares all methods over several seeds, twelve epochs each, and
# `nofb reproduce toast` runs a whole study.
#
# ## Taught without weight transport
#
# $A$, $C$ and $\xi$ learned by backprop: the error came to them through the *transposed* weights of
# the frozen network. Feedback alignment sends it through random $B$. In lesson 02 that was enough,
# since the forward weights came to agree with $B$. Frozen weights never move.

# %%
taught = {rule: train("toast", 0.01, rule, path) for rule in ("fa", "wm")}
for rule, model in {"bp": toast, **taught}.items():
    print(f"{rule}: {accuracy(model.outputs(data.x_test)):.0%}")

# %% [markdown]
# If $W$ cannot come to $B$, then $B$ has to come to $W$: a weight mirror (lesson 05) finds frozen
# weights as well as any other, and better, since they hold still.
#
# ## A mask that dies
#
# Where $\cos(z_i, \xi) < 0$ the clamp is flat. Turn $\xi$ against all tokens of the four images. No
# small step of $\xi$ changes the mask any more, so no gradient brings $\xi$ back:

# %%
rng = np.random.default_rng(SEED)
drawn = rng.standard_normal(64)
turned = -z.mean(axis=(0, 1))
while mask(z, turned).any():
    turned -= z[mask(z, turned) > 0].mean(axis=0)
turned *= 2  # away from the edge
for name, xi in {"drawn": drawn, "turned": turned}.items():
    m = mask(z, xi)
    nudged = [mask(z, xi + 1e-4 * rng.standard_normal(64)) for _ in range(100)]
    print(f"ξ {name:6}  mean of m {m.mean():.3f}, moved by small steps: {(nudged != m).any()}")

# %% [markdown]
# ## Questions
#
# 1. Double $\xi$, or double all $z_i$. What happens to the mask, and to $td$? Answer from the
#    equations, then check it.
# 2. Show that $td$ is linear in every $A_l$ and $C_l$, but not in $z$. Which part makes it
#    nonlinear?
# 3. At strength 0 the accuracy is far below that of the linear probe on the class token, though
#    both read the same tokens. What differs?
# 4. Why does more than strength 2 do harm, though attention hardly moves any more?
# 5. Add $td$ to the queries instead. What would block 1 do then, and what would be lost at
#    $td = 0$, if anything?
# 6. If the mask is 0 for all tokens of all images, $\xi$ gets no step. Which of $A$, $C$ and the
#    head still learn, and what is the model then?
# 7. TOAST needs twice the multiply-adds of LoRA for a prediction. Does *training* need twice as
#    many? (Which pass has weights that learn?)
